"""An object that is written while its bytes come in: one part travels while the next one fills."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from concurrent.futures import Executor, Future, wait
from typing import Protocol, Self

from core.errors import StorageUnavailable
from core.storage import PART_BYTES

logger = logging.getLogger(__name__)


class Parts(Protocol):
    def write_part(self, part: bytes | bytearray, /) -> None: ...

    def complete(self) -> None: ...

    def abort(self) -> None: ...


class Destination(Protocol):
    """Where an object goes; object storage is one."""

    def put(self, key: str, body: bytes | bytearray, /) -> None: ...

    def begin_multipart(self, key: str, /) -> Parts: ...

    def delete(self, key: str, /) -> None: ...


class Nowhere:
    """Takes an object and keeps none of it: of one that is there already only the digest is wanted."""

    def put(self, key: str, body: bytes | bytearray) -> None: ...

    def begin_multipart(self, _key: str, /) -> Self:
        return self

    def write_part(self, part: bytes | bytearray) -> None: ...

    def complete(self) -> None: ...

    def abort(self) -> None: ...

    def delete(self, key: str) -> None: ...


class ObjectWriter:
    """Holds two parts at most. Its threads' work is done one piece after the other.

    The two are buffers of their full size from the start, of which the system gives memory as they fill, and
    are used in turn: what grows step by step is copied, and leaves holes behind that nobody else fits in.
    """

    def __init__(self, destination: Destination, key: str, threads: Executor) -> None:
        self.key = key
        self.size_bytes = 0
        self._destination = destination
        self._threads = threads
        self._digest = hashlib.sha256()
        self._filling = bytearray(PART_BYTES)
        self._filled = 0
        self._spare: bytearray | None = None
        self._travelling: Future[None] | None = None
        self._multipart: Parts | None = None
        self._is_whole = False

    @property
    def sha256(self) -> str:
        """Hex; known when `finish` has returned."""
        return self._digest.hexdigest()

    async def write(self, content: bytes) -> None:
        """Returns at once, unless a part is full while the one before is still on its way."""
        rest = memoryview(content)
        while rest:
            # A full part leaves only when more follows: what fits in one part goes without multipart.
            if self._filled == PART_BYTES:
                await self._send_part()
            taken = rest[: PART_BYTES - self._filled]
            self._filling[self._filled : self._filled + len(taken)] = taken
            self._filled += len(taken)
            self.size_bytes += len(taken)
            rest = rest[len(taken) :]

    async def finish(self) -> None:
        """The object is in storage when this returns."""
        await self._arrival()
        self._spare = None
        # Cut to length where it lies.
        del self._filling[self._filled :]
        self._travelling = self._threads.submit(self._write_end, self._filling)
        await self._arrival()

    def discard(self) -> None:
        """Leave nothing in storage. Blocks, and may be called after any failure of the others."""
        if self._travelling is None:
            return
        # What has not set out never will; what has is waited for, or it would arrive afterwards.
        if not self._travelling.cancel():
            wait([self._travelling])
        try:
            self._destination.delete(self.key)
            if self._multipart is not None and not self._is_whole:
                self._multipart.abort()
        except StorageUnavailable:
            logger.warning("Object was left in storage", extra={"object_key": self.key})

    async def _send_part(self) -> None:
        await self._arrival()
        part = self._filling
        # What travelled before has arrived: its buffer is free.
        self._filling, self._spare, self._filled = self._spare or bytearray(PART_BYTES), part, 0
        self._travelling = self._threads.submit(self._write_part, part)

    async def _arrival(self) -> None:
        if self._travelling is not None:
            await asyncio.wrap_future(self._travelling)

    def _write_part(self, part: bytes | bytearray) -> None:
        self._digest.update(part)
        if self._multipart is None:
            self._multipart = self._destination.begin_multipart(self.key)
        self._multipart.write_part(part)

    def _write_end(self, end: bytearray) -> None:
        if self._multipart is None:
            self._digest.update(end)
            self._destination.put(self.key, end)
        else:
            self._write_part(end)
            self._multipart.complete()
        self._is_whole = True
