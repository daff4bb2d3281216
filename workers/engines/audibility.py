"""Which chunks hold anything that a model could hear."""

from __future__ import annotations

from typing import Final

import numpy as np

from workers.engines.base import Chunk

SHORTEST_SECONDS: Final = 0.1
"""No word is shorter, and below 0.07 s GLM-ASR has no audio token at all."""
SILENCE_PEAK: Final = 10 ** (-60 / 20)
"""-60 dBFS: above the idle noise of a mu-law line (-72), far below any speech (-40)."""


def is_audible(chunk: Chunk) -> bool:
    """False for what a model would only dream into: nothing, a click's length, silence."""
    if chunk.seconds < SHORTEST_SECONDS:
        return False
    return float(np.abs(chunk.samples).max()) >= SILENCE_PEAK
