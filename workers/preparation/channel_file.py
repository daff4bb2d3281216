"""One channel of a recording on disk while it is being prepared: 16 kHz, 16 bit, no header."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

import numpy as np
import numpy.typing as npt

from workers.engines.base import SAMPLE_RATE

SAMPLE_BYTES: Final = 2
SAMPLES_PER_MS: Final = SAMPLE_RATE // 1000

Mono = npt.NDArray[np.int16]
"""Shape (samples,)."""


class Channel(Protocol):
    """What it takes to listen to one."""

    @property
    def samples(self) -> int: ...

    def blocks(self, samples: int, /) -> Iterator[Mono]: ...


class ChannelFile:
    """Written once, then read in blocks: memory stays small however long the call."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.samples = 0
        self._file = path.open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def duration_ms(self) -> int:
        return self.samples // SAMPLES_PER_MS

    def append(self, samples: Mono) -> None:
        self._file.write(samples.tobytes())
        self.samples += len(samples)

    def finish(self) -> None:
        """Fill the last millisecond up, so that every time in it is a whole one."""
        self.append(np.zeros(-self.samples % SAMPLES_PER_MS, np.int16))
        self._file.close()

    def blocks(self, samples: int) -> Iterator[Mono]:
        """All samples in order, so many at a time; the last block may be shorter."""
        for start in range(0, self.samples, samples):
            yield np.fromfile(self.path, np.int16, samples, offset=start * SAMPLE_BYTES)
