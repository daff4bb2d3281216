"""Samples of claimed chunks, read from object storage in parallel."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from core.errors import ObjectMissing
from workers.engines.base import Samples
from workers.prepared_audio import read_chunk

NICENESS: Final = 10
"""Of the reading threads: with few cores they would else stand in the way of the thread that decodes."""


class Storage(Protocol):
    """What is needed of `core.storage.ObjectStorage`."""

    def read(self, key: str, *, first_byte: int, last_byte: int) -> bytes: ...


class StoredChunk(Protocol):
    """What is needed of `models.LeasedChunk`."""

    @property
    def object_key(self) -> str: ...
    @property
    def first_byte(self) -> int: ...
    @property
    def last_byte(self) -> int: ...
    @property
    def first_sample(self) -> int: ...
    @property
    def start_ms(self) -> int: ...
    @property
    def end_ms(self) -> int: ...
    @property
    def language(self) -> str | None: ...


class ChunkReader:
    """One byte-range GET a chunk, from a pool of threads that lives as long as the worker."""

    def __init__(self, storage: Storage, *, threads: int) -> None:
        self.storage = storage
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="reader", initializer=_be_nice)

    def read(self, chunks: Sequence[StoredChunk]) -> Iterator[Samples | None]:
        """Mono float32 at 16 kHz for each chunk, in order; None where the recording was erased meanwhile.

        Raises `StorageUnavailable`. Whoever stops asking stops the reading.
        """
        return self.pool.map(self._read_one, chunks)

    def close(self) -> None:
        self.pool.shutdown(cancel_futures=True)

    def _read_one(self, chunk: StoredChunk) -> Samples | None:
        try:
            blob = self.storage.read(chunk.object_key, first_byte=chunk.first_byte, last_byte=chunk.last_byte)
        except ObjectMissing:
            return None
        return read_chunk(blob, first_sample=chunk.first_sample, start_ms=chunk.start_ms, end_ms=chunk.end_ms)


def _be_nice() -> None:
    if sys.platform == "linux":
        # There a priority is a thread's own.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
