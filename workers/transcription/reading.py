"""Samples of claimed chunks, read from object storage in parallel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from core.errors import ObjectMissing
from core.storage import ObjectStorage
from models import LeasedChunk
from workers.engines.base import Samples
from workers.prepared_audio import read_chunk


class ChunkReader:
    """One byte-range GET a chunk, from a pool of threads that lives as long as the worker."""

    def __init__(self, storage: ObjectStorage, *, threads: int) -> None:
        self.storage = storage
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="reader")

    def read(self, chunks: Sequence[LeasedChunk], *, beat: Callable[[], None]) -> list[Samples | None]:
        """Mono float32 at 16 kHz for each chunk, in order; None where the recording was erased meanwhile.

        Raises `StorageUnavailable`.
        """
        samples: list[Samples | None] = []
        for each in self.pool.map(self._read_one, chunks):
            beat()
            samples.append(each)
        return samples

    def close(self) -> None:
        self.pool.shutdown(cancel_futures=True)

    def _read_one(self, chunk: LeasedChunk) -> Samples | None:
        try:
            blob = self.storage.read(chunk.object_key, first_byte=chunk.first_byte, last_byte=chunk.last_byte)
        except ObjectMissing:
            return None
        return read_chunk(blob, first_sample=chunk.first_sample, start_ms=chunk.start_ms, end_ms=chunk.end_ms)
