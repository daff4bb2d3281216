"""A client of the native API: recordings in, transcripts out."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final, Self

import httpx

from client.access import Access
from client.answers import Job, Model, Page, Transcript
from client.batches import Batches
from client.feed import Feed
from client.following import LOOK_EVERY, follow
from client.options import DEFAULTS, SubmitOptions
from client.paging import each_of
from client.patience import PATIENT, Patience
from client.transport import OnRetry, Transport, ignore
from client.uploads import OnSent, Uploads
from client.watched_file import WatchedFile

PAGE: Final = 200
"""Jobs in an answer, at most."""


class Client:
    """Every method raises the `ServiceError` that the server raised, or `ServerUnreachable`.

    A request that fails for nobody's fault is sent again, as `patience` says; recordings are submitted under
    a key, so that they make one job however often they are sent. May be used from several threads at once.
    """

    def __init__(
        self, access: Access, patience: Patience = PATIENT, *, network: httpx.BaseTransport | None = None
    ) -> None:
        """`network` is for those who bring their own: other proxies, certificates, or none at all."""
        self._transport = Transport(access, patience, network)
        self.uploads = Uploads(self._transport, network)
        self.batches = Batches(self._transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._transport.close()
        self.uploads.close()

    def submit(
        self,
        recording: Path,
        options: SubmitOptions = DEFAULTS,
        *,
        key: str | None = None,
        on_sent: OnSent = ignore,
        on_retry: OnRetry = ignore,
    ) -> Job:
        """Send a file, a piece at a time; `on_sent` hears how many bytes of it have been read so far.

        A failure may have come after the job was made, as when the answer was lost: all tries carry the same
        key, under which the server makes one job. Left out, it is one that nobody else has.
        """
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        with WatchedFile(recording, on_sent) as file:
            # Rewound by httpx for every try.
            request = self._transport.http.build_request(
                "POST",
                "/v1/jobs",
                headers=headers,
                data=options.form(),
                files={"file": (recording.name, file)},
            )
            return self._accepted(request, on_retry)

    def submit_upload(
        self, upload_id: uuid.UUID, options: SubmitOptions = DEFAULTS, *, key: str | None = None
    ) -> Job:
        """A job for what `uploads.put` has put into storage, past the API."""
        body = {"upload_id": str(upload_id), **options.body()}
        return self._transport.post(Job, "/v1/jobs", body, key=key or str(uuid.uuid4()), repeat=True)

    def job(self, job_id: uuid.UUID, *, wait: float = 0) -> Job:
        """Where a job stands, as soon as it has ended or after `wait` seconds, 60 at most."""
        return self._transport.get(Job, f"/v1/jobs/{job_id}", {"wait": str(wait)}, wait=wait)

    def follow(self, job_id: uuid.UUID) -> Iterator[Job]:
        """The job each time it was looked at, about once a second; the last is final."""
        return follow(partial(self.job, job_id, wait=LOOK_EVERY))

    def wait(self, job_id: uuid.UUID) -> Job:
        """The job once it has ended, however it did."""
        *_, job = self.follow(job_id)
        return job

    def jobs(self, *, status: Sequence[str] = (), limit: int | None = None) -> Iterator[Job]:
        """One's own, newest first; all of them without a `limit`."""
        page = str(PAGE if limit is None else min(limit, PAGE))
        query = {"limit": page, **({"status": [*status]} if status else {})}
        return islice(each_of(self._transport, Page[Job], "/v1/jobs", query), limit)

    def erase(self, job_id: uuid.UUID) -> None:
        """Audio, text and all that was said about a job, for good. Repeating it does no harm."""
        self._transport.delete(f"/v1/jobs/{job_id}")

    def cancel(self, job_id: uuid.UUID) -> Job:
        return self._transport.post(Job, f"/v1/jobs/{job_id}/cancel", repeat=True)

    def transcript(self, job_id: uuid.UUID) -> Transcript:
        return self._transport.get(Transcript, f"/v1/jobs/{job_id}/transcript")

    def transcript_as(self, job_id: uuid.UUID, form: str) -> str:
        """The transcript as text in one of its forms."""
        return self._transport.fetch(f"/v1/jobs/{job_id}/transcript", {"format": form}).text

    def models(self) -> list[str]:
        """Names that may be asked for; the default first."""
        return [model.id for model in each_of(self._transport, Page[Model], "/v1/models")]

    def events(self, after: str | None = None) -> Feed:
        """Everything that happened, from the `cursor` of an earlier feed on."""
        return Feed(self._transport, after)

    def _accepted(self, request: httpx.Request, on_retry: OnRetry) -> Job:
        answer = self._transport.answer(lambda: request, on_retry=on_retry)
        return self._transport.known(Job, answer.content)
