"""From the recording's sample rate to the models' 16 kHz."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import soxr

from workers.engines.base import SAMPLE_RATE
from workers.preparation.decoder.decoding import Pcm


class Resampler:
    """Resamples all channels of one recording, block by block and in step.

    Band-limited both ways (soxr's HQ, 20 bits): telephone speech gets no mirror images above
    4 kHz, and studio speech none from above 8 kHz. A sample keeps its time.
    """

    def __init__(self, source_rate: int, channels: int) -> None:
        self._channels = channels
        self._stream: soxr.ResampleStream | None = None
        if source_rate != SAMPLE_RATE:
            self._stream = soxr.ResampleStream(
                source_rate, SAMPLE_RATE, channels, dtype="float32", quality="HQ"
            )

    def feed(self, block: Pcm) -> Pcm:
        """What is ready so far; the filter holds some of it back."""
        return self._resample(block, last=False)

    def finish(self) -> Pcm:
        """What was held back."""
        return self._resample(np.empty((0, self._channels), np.int16), last=True)

    def _resample(self, block: Pcm, *, last: bool) -> Pcm:
        if self._stream is None:
            return block
        resampled: npt.NDArray[np.float32] = self._stream.resample_chunk(block.astype(np.float32), last=last)
        np.rint(resampled, out=resampled)
        np.clip(resampled, -32_768, 32_767, out=resampled)
        return resampled.astype(np.int16)
