"""Memory that a worker and the process of its engine both see: samples, and a sign of life."""

from __future__ import annotations

import mmap
import os
import sys
import tempfile
from collections.abc import Callable
from multiprocessing.reduction import DupFd
from typing import Final, Protocol

import numpy as np

from workers.engines.base import MAX_CHUNK_SECONDS, SAMPLE_RATE, Samples

PLACE_SAMPLES: Final = int(MAX_CHUNK_SECONDS * SAMPLE_RATE)
SAMPLE_BYTES: Final = 4
PAGE: Final = mmap.ALLOCATIONGRANULARITY
PLACE_BYTES: Final = -(-PLACE_SAMPLES * SAMPLE_BYTES // PAGE) * PAGE
"""Whole pages: what no chunk was long enough for is never touched and takes no memory."""


def nameless_file() -> int:
    """A descriptor of memory that lives as long as somebody holds it.

    Not `/dev/shm`, of which a container has 64 MiB.
    """
    if sys.platform == "linux":
        return os.memfd_create("callscribe-samples")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class SharedFile:
    """A descriptor that goes along to a process which is being spawned."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __reduce__(self) -> tuple[Callable[..., SharedFile], tuple[object]]:
        return _received, (DupFd(self.descriptor),)


class Duplicate(Protocol):
    """What `DupFd` makes."""

    def detach(self) -> int: ...


def _received(duplicate: Duplicate) -> SharedFile:
    return SharedFile(duplicate.detach())


class Shelf:
    """Places for one chunk each, float32 as the engine takes them: it reads them where they lie."""

    def __init__(self, file: int, *, places: int) -> None:
        """Both sides make one on the same file; the first to come gives it its size."""
        size = PAGE + places * PLACE_BYTES
        if os.fstat(file).st_size < size:
            os.ftruncate(file, size)
        self._memory = mmap.mmap(file, size)
        self._steps = np.frombuffer(self._memory, np.int64, count=1)

    @property
    def progress(self) -> int:
        """Grows whenever the engine moves on."""
        return int(self._steps[0])

    def move_on(self) -> None:
        """Only the engine's side calls this."""
        self._steps[0] += 1

    def samples(self, place: int, count: int) -> Samples:
        """A view: valid until the place is given to another chunk."""
        return np.frombuffer(self._memory, np.float32, count=count, offset=PAGE + place * PLACE_BYTES)
