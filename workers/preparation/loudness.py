"""How much a quiet call is raised before anybody listens for speech in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from workers.preparation.channel_file import Channel
from workers.preparation.windows import FULL_SCALE, Figures, measure

LOUD_WINDOWS: Final = 31
"""The loudest second decides: longer than any click, shorter than any conversation."""
WANTED_LEVEL: Final = 0.05
"""-26 dBFS, the nominal level of speech on a telephone line (ITU-T P.56)."""
MOST_GAIN: Final = 100.0
"""40 dB; beyond that there is only noise to raise."""


def listening_gain(channels: Sequence[Channel]) -> float:
    """One factor for the whole recording, at least 1.

    The loudest channel decides for all: raised on its own, a channel whose party is silent
    would show the other party's echo as speech.
    """
    return gain_for([measure(channel).levels for channel in channels])


def gain_for(channel_levels: Sequence[Figures]) -> float:
    """The same of channels that are measured already."""
    levels = np.concatenate(channel_levels)
    rank = min(LOUD_WINDOWS, len(levels))
    loud = float(np.partition(levels, -rank)[-rank]) if rank else 0.0
    return float(np.clip(WANTED_LEVEL / max(loud, 1 / FULL_SCALE), 1.0, MOST_GAIN))
