"""A zip archive that lies in storage: read where it lies, unpacked a member at a time."""

from __future__ import annotations

import hashlib
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Final, Self

from typing_extensions import Buffer

from core.errors import InvalidRequest, ObjectMissing, PayloadTooLarge, UnreadableSource
from core.storage import PART_BYTES, ObjectStorage

BLOCK: Final = 1024 * 1024
"""What is read of the archive at a time."""
BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
"""What `zipfile` raises on archives that are damaged, encrypted, or made in a way it does not know."""
MOST_MEMBERS: Final = 200_000


class _StoredFile(io.RawIOBase):
    """An object as a file that can be read anywhere."""

    def __init__(self, storage: ObjectStorage, key: str) -> None:
        self._storage = storage
        self._key = key
        self._size = storage.head(key).size_bytes
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def readinto(self, buffer: Buffer, /) -> int:
        target = memoryview(buffer)
        count = min(len(target), self._size - self._place)
        if count <= 0:
            return 0
        piece = self._storage.read(self._key, first_byte=self._place, last_byte=self._place + count - 1)
        target[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)


class Archive:
    """Used by one thread at a time."""

    def __init__(self, storage: ObjectStorage, packed: zipfile.ZipFile) -> None:
        self._storage = storage
        self._packed = packed

    @classmethod
    @contextmanager
    def opened(cls, storage: ObjectStorage, key: str) -> Iterator[Self]:
        """Raises `UnreadableSource` if there is none or it is no zip archive."""
        try:
            file = io.BufferedReader(_StoredFile(storage, key), BLOCK)
            packed = zipfile.ZipFile(file)
        except ObjectMissing as error:
            raise UnreadableSource("The archive was not uploaded.") from error
        except BROKEN as error:
            raise UnreadableSource("That is no zip archive that can be read.") from error
        with packed:
            if len(packed.infolist()) > MOST_MEMBERS:
                raise UnreadableSource(f"An archive may have {MOST_MEMBERS} members.")
            yield cls(storage, packed)

    def members(self) -> Sequence[str]:
        """Files, in the archive's order; not what operating systems add by themselves."""
        return [
            info.filename
            for info in self._packed.infolist()
            if info.filename
            and not info.is_dir()
            and not info.filename.startswith("__MACOSX/")
            and not info.filename.rpartition("/")[2].startswith(".")
        ]

    def text_of(self, member: str, *, limit: int) -> bytes:
        """A small member. Raises `UnreadableSource`."""
        try:
            with self._packed.open(member) as file:
                content = file.read(limit + 1)
        except (KeyError, *BROKEN) as error:
            raise UnreadableSource(f"{member} cannot be unpacked.") from error
        if len(content) > limit:
            raise UnreadableSource(f"{member} may have {limit} bytes.")
        return content

    def unpack(self, member: str, key: str, *, limit: int) -> tuple[int, str]:
        """Write a member to storage; its size in bytes and its SHA-256 in hex.

        Raises `InvalidRequest` if it is not there or damaged, `PayloadTooLarge` beyond the limit: what a
        member says of its size is not believed.
        """
        try:
            with self._packed.open(member) as file:
                first = file.read(PART_BYTES)
                if len(first) < PART_BYTES:
                    self._storage.put(key, first)
                    return len(first), hashlib.sha256(first).hexdigest()
                return self._unpack_large(first, file, key, limit=limit)
        except KeyError as error:
            raise InvalidRequest(f"The archive has no member {member!r}.") from error
        except BROKEN as error:
            raise InvalidRequest(f"{member!r} cannot be unpacked.") from error

    def _unpack_large(self, part: bytes, file: IO[bytes], key: str, *, limit: int) -> tuple[int, str]:
        digest = hashlib.sha256()
        size_bytes = 0
        upload = self._storage.begin_multipart(key)
        try:
            while part:
                size_bytes += len(part)
                if size_bytes > limit:
                    raise PayloadTooLarge
                digest.update(part)
                upload.write_part(part)
                part = file.read(PART_BYTES)
            upload.complete()
        except BaseException:
            upload.abort()
            raise
        return size_bytes, digest.hexdigest()
