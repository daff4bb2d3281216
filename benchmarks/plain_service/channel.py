"""A channel in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from workers.engines.base import SAMPLE_RATE, Samples
from workers.preparation.channel_file import Mono

FULL_SCALE: Final = 32_768
SAMPLES_PER_MS: Final = SAMPLE_RATE // 1000


@dataclass(frozen=True, slots=True)
class HeldChannel:
    pcm: npt.NDArray[np.int16]

    @property
    def samples(self) -> int:
        return len(self.pcm)

    @property
    def duration_ms(self) -> int:
        return self.samples // SAMPLES_PER_MS

    def blocks(self, samples: int) -> Iterator[Mono]:
        for start in range(0, self.samples, samples):
            yield self.pcm[start : start + samples]

    def stretch(self, start_ms: int, end_ms: int) -> Samples:
        """As the engines want it."""
        samples = self.pcm[start_ms * SAMPLES_PER_MS : end_ms * SAMPLES_PER_MS]
        return samples.astype(np.float32) / np.float32(FULL_SCALE)
