"""Recordings put into storage by the client itself, past the API."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final, TypeAlias

import httpx
from pydantic import Field

from client.answers import Answer
from client.transport import OnRetry, Transport, http_client, ignore
from client.watched_file import WatchedFile
from core.errors import PermanentError, StorageUnavailable

LONGEST_NAME: Final = 255
"""Characters of a file's name that the API takes."""

OnSent: TypeAlias = Callable[[int], None]


class Upload(Answer):
    """A place in storage, until it expires."""

    id: uuid.UUID
    url: str
    headers: dict[str, str] = Field(default_factory=dict)
    expires_at: datetime


class Uploads:
    """May be used from several threads at once."""

    def __init__(self, transport: Transport, network: httpx.BaseTransport | None = None) -> None:
        self._transport = transport
        # Not the API's own client: its key must not reach the storage.
        self._storage = http_client(network=network)

    def close(self) -> None:
        self._storage.close()

    def begin(self, filename: str | None = None) -> Upload:
        """Ask for a place. One that nothing is put to is forgotten by the server."""
        body = {} if filename is None else {"filename": filename}
        return self._transport.post(Upload, "/v1/uploads", {**body}, repeat=True)

    def put(
        self,
        recording: Path,
        *,
        filename: str | None = None,
        on_sent: OnSent = ignore,
        on_retry: OnRetry = ignore,
    ) -> uuid.UUID:
        """Send a file, a piece at a time, and again while the storage fails; the id of its upload."""
        named = presentable(filename or recording.name)
        for pause in self._transport.patience.pauses:
            upload = self.begin(named)
            try:
                self._send(upload, recording, on_sent)
            except StorageUnavailable as error:
                on_retry(error)
                self._transport.patience.pause(pause)
            else:
                return upload.id
        upload = self.begin(named)
        self._send(upload, recording, on_sent)
        return upload.id

    def _send(self, upload: Upload, recording: Path, on_sent: OnSent) -> None:
        with WatchedFile(recording, on_sent) as file:
            try:
                answer = self._storage.put(upload.url, content=file, headers=upload.headers)
            except httpx.TransportError as error:
                raise StorageUnavailable(f"{httpx.URL(upload.url).host} took no recording.") from error
        if answer.is_server_error or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise StorageUnavailable(f"{answer.url.host} answered {answer.status_code}.")
        if not answer.is_success:
            raise PermanentError(f"{answer.url.host} refused the recording ({answer.status_code}).")


def presentable(filename: str) -> str:
    """As the API takes it: names on disk may hold control characters, backslashes and broken UTF-8."""
    text = filename.encode(errors="replace").decode()
    kept = "".join("_" if each in "/\\" or not each.isprintable() else each for each in text)
    return kept[:LONGEST_NAME]
