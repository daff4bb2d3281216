"""How much a quiet call is raised before anybody listens for speech in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from workers.preparation.channel_file import Channel

WINDOW_SAMPLES: Final = 512
WINDOWS_PER_BLOCK: Final = 512
FULL_SCALE: Final = 32_768
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
    levels = np.concatenate([window_levels(channel) for channel in channels])
    rank = min(LOUD_WINDOWS, len(levels))
    loud = float(np.partition(levels, -rank)[-rank]) if rank else 0.0
    return float(np.clip(WANTED_LEVEL / max(loud, 1 / FULL_SCALE), 1.0, MOST_GAIN))


def window_levels(channel: Channel) -> npt.NDArray[np.float32]:
    """Root mean square of each full window, 0 to 1."""
    levels = [np.zeros(0, np.float32)]
    for block in channel.blocks(WINDOW_SAMPLES * WINDOWS_PER_BLOCK):
        whole = len(block) // WINDOW_SAMPLES
        windows = block[: whole * WINDOW_SAMPLES].reshape(whole, WINDOW_SAMPLES).astype(np.float32)
        levels.append(np.sqrt(np.mean(windows**2, axis=1)) / FULL_SCALE)
    return np.concatenate(levels)
