"""Recordings put into storage by the client itself, past the API."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, TypeAlias

import httpx
from pydantic import Field, JsonValue

from client.answers import Answer
from client.file_part import FilePart
from client.transport import OnRetry, Transport, http_client, ignore
from client.watched_file import WatchedFile
from core.errors import PermanentError, StorageUnavailable

LONGEST_NAME: Final = 255
"""Characters of a file's name that the API takes."""

OnSent: TypeAlias = Callable[[int], None]


class UploadPart(Answer):
    number: int
    url: str
    size_bytes: int


class Upload(Answer):
    """A place in storage, until it expires."""

    id: uuid.UUID
    status: str = "waiting"
    """`waiting`, `complete`, `used` or `expired`."""
    url: str | None = None
    """None of one that is sent in parts."""
    headers: dict[str, str] = Field(default_factory=dict)
    parts: tuple[UploadPart, ...] = ()
    expires_at: datetime


class Uploads:
    """May be used from several threads at once."""

    def __init__(self, transport: Transport, network: httpx.BaseTransport | None = None) -> None:
        self._transport = transport
        # Not the API's own client: its key must not reach the storage.
        self._storage = http_client(network=network)

    def close(self) -> None:
        self._storage.close()

    def begin(
        self, filename: str | None = None, *, size_bytes: int | None = None, sha256: str | None = None
    ) -> Upload:
        """Ask for a place. One that nothing is put to is forgotten by the server.

        Of a known size, the storage takes exactly so many bytes, and large ones in parts; with a digest
        (hex), what came is held against it.
        """
        given = {"filename": filename, "size_bytes": size_bytes, "sha256": sha256}
        body = {name: value for name, value in given.items() if value is not None}
        return self._transport.post(Upload, "/v1/uploads", {**body}, repeat=True)

    def get(self, upload_id: uuid.UUID) -> Upload:
        """Where it stands."""
        return self._transport.get(Upload, f"/v1/uploads/{upload_id}")

    def complete(self, upload_id: uuid.UUID, etags: Sequence[str] = ()) -> Upload:
        """All parts are sent; `etags` are what the storage answered, in order."""
        parts: list[JsonValue] = [
            {"number": number, "etag": etag} for number, etag in enumerate(etags, start=1)
        ]
        return self._transport.post(
            Upload, f"/v1/uploads/{upload_id}/complete", {"parts": parts}, repeat=True
        )

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
        # What is empty has no size to announce; it is refused when it is to become a job.
        size_bytes = recording.stat().st_size or None
        upload = self.begin(named, size_bytes=size_bytes)
        if upload.parts:
            self._send_parts(upload, recording, on_sent, on_retry)
            return upload.id
        for pause in self._transport.patience.pauses:
            try:
                self._send(upload, recording, on_sent)
            except StorageUnavailable as error:
                on_retry(error)
                self._transport.patience.pause(pause)
                upload = self.begin(named, size_bytes=size_bytes)
            else:
                return upload.id
        self._send(upload, recording, on_sent)
        return upload.id

    def _send(self, upload: Upload, recording: Path, on_sent: OnSent) -> None:
        with WatchedFile(recording, on_sent) as file:
            self._put(str(upload.url), file, upload.headers)

    def _send_parts(self, upload: Upload, recording: Path, on_sent: OnSent, on_retry: OnRetry) -> None:
        """One after the other; only the part that failed is sent again."""
        etags = []
        first_byte = 0
        for part in upload.parts:
            piece = FilePart(recording, first_byte, part.size_bytes, on_sent)
            etags.append(self._sent_part(part, piece, on_retry))
            first_byte += part.size_bytes
        self.complete(upload.id, etags)

    def _sent_part(self, part: UploadPart, piece: FilePart, on_retry: OnRetry) -> str:
        headers = {"Content-Length": str(part.size_bytes)}
        for pause in self._transport.patience.pauses:
            try:
                return _etag_of(self._put(part.url, piece, headers))
            except StorageUnavailable as error:
                on_retry(error)
                self._transport.patience.pause(pause)
        return _etag_of(self._put(part.url, piece, headers))

    def _put(self, url: str, content: Iterable[bytes], headers: Mapping[str, str]) -> httpx.Response:
        try:
            answer = self._storage.put(url, content=content, headers=dict(headers))
        except httpx.TransportError as error:
            raise StorageUnavailable(f"{httpx.URL(url).host} took no recording.") from error
        if answer.is_server_error or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise StorageUnavailable(f"{answer.url.host} answered {answer.status_code}.")
        if not answer.is_success:
            raise PermanentError(f"{answer.url.host} refused the recording ({answer.status_code}).")
        return answer


def _etag_of(answer: httpx.Response) -> str:
    """Raises `PermanentError` if there is none: then the parts can never be put together."""
    etag: str | None = answer.headers.get("ETag")
    if etag is None:
        raise PermanentError(f"{answer.url.host} answered without an ETag.")
    return etag


def presentable(filename: str) -> str:
    """As the API takes it: names on disk may hold control characters, backslashes and broken UTF-8."""
    text = filename.encode(errors="replace").decode()
    kept = "".join("_" if each in "/\\" or not each.isprintable() else each for each in text)
    return kept[:LONGEST_NAME]
