"""A client of the native API, as small as the commands need it."""

from __future__ import annotations

import io
import ipaddress
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self, TypeAlias, TypeVar

import httpx
from pydantic import ValidationError

from cli.answers import Answer, Job, JobPage, ModelPage, Transcript
from cli.refusals import error_in
from cli.settings import Access
from core.errors import PermanentError, ServerUnreachable

ANSWER_WITHIN: Final = 60.0
"""Seconds, beyond what a request says that it waits. The server stores a recording before it answers."""
CONNECT_WITHIN: Final = 5.0

Known = TypeVar("Known", bound=Answer)
OnSent: TypeAlias = Callable[[int], None]


def ignore(_: object) -> None:
    """For those who do not want to hear of it."""


@dataclass(frozen=True, slots=True)
class SubmitOptions:
    """What may be asked for with a recording; what is None is left to the server."""

    model: str | None = None
    language: str | None = None
    lane: str | None = None
    roles: str | None = None
    """In the order of the channels: `agent,customer`."""
    metadata: Mapping[str, str] = field(default_factory=dict)

    def form(self) -> dict[str, str]:
        given = {"model": self.model, "language": self.language, "lane": self.lane, "roles": self.roles}
        fields = {name: value for name, value in given.items() if value is not None}
        return {**fields, "metadata": json.dumps(dict(self.metadata))} if self.metadata else fields


class Client:
    """Every method raises the `ServiceError` that the server raised, or `ServerUnreachable`."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._http = httpx.Client(
            base_url=access.api_url,
            headers={"Authorization": f"Bearer {access.api_key}"},
            timeout=httpx.Timeout(ANSWER_WITHIN, connect=CONNECT_WITHIN),
            # A proxy of the environment has no way to this machine's own loopback.
            trust_env=not _is_loopback(httpx.URL(access.api_url).host),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def submit(
        self,
        recording: Path,
        options: SubmitOptions = SubmitOptions(),
        *,
        key: str | None = None,
        on_sent: OnSent = ignore,
    ) -> Job:
        """Send a file, a piece at a time; `on_sent` hears how many bytes of it have been read so far.

        Under a `key` of its own it may be sent again: the server makes one job of it.
        """
        headers = {} if key is None else {"Idempotency-Key": key}
        with _WatchedFile(recording, on_sent) as file:
            files = {"file": (recording.name, file)}
            request = self._http.build_request(
                "POST", "/v1/jobs", headers=headers, data=options.form(), files=files
            )
            return self._known(Job, self._answer(request))

    def job(self, job_id: uuid.UUID, *, wait: float = 0) -> Job:
        """Where a job stands, as soon as it has ended or after `wait` seconds."""
        return self._known(Job, self._get(f"/v1/jobs/{job_id}", {"wait": str(wait)}, wait=wait))

    def jobs(self, *, limit: int) -> list[Job]:
        """One's newest."""
        return self._known(JobPage, self._get("/v1/jobs", {"limit": str(limit)})).data

    def transcript(self, job_id: uuid.UUID) -> Transcript:
        return self._known(Transcript, self._get(f"/v1/jobs/{job_id}/transcript", {}))

    def transcript_as(self, job_id: uuid.UUID, form: str) -> str:
        """The transcript as text in one of its forms."""
        return self._get(f"/v1/jobs/{job_id}/transcript", {"format": form}).text

    def models(self) -> list[str]:
        """Names that may be asked for; the default first."""
        return [model.id for model in self._known(ModelPage, self._get("/v1/models", {})).data]

    def _get(self, path: str, query: Mapping[str, str], *, wait: float = 0) -> httpx.Response:
        timeout = httpx.Timeout(ANSWER_WITHIN + wait, connect=CONNECT_WITHIN)
        return self._answer(self._http.build_request("GET", path, params=query, timeout=timeout))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        try:
            answer = self._http.send(request)
        except httpx.TransportError as error:
            raise ServerUnreachable(f"{self._access.api_url} does not answer.") from error
        if not answer.is_success:
            raise error_in(answer)
        return answer

    def _known(self, kind: type[Known], answer: httpx.Response) -> Known:
        try:
            return kind.model_validate_json(answer.content)
        except ValidationError as error:
            raise PermanentError(f"{self._access.api_url} does not answer as Callscribe does.") from error


class _WatchedFile(io.FileIO):
    """Tells how far it was read; httpx reads 64 KiB at a time and knows the length from the file."""

    def __init__(self, path: Path, on_read: Callable[[int], None]) -> None:
        super().__init__(path, "rb")
        self._on_read = on_read

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(-1 if size is None else size) or b""
        self._on_read(self.tell())
        return piece


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
