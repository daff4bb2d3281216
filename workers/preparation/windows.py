"""How loud each 32 ms of a channel are: measured once, for all who ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from workers.preparation.channel_file import Channel, Mono

WINDOW_SAMPLES: Final = 512
WINDOW_MS: Final = 32
WINDOWS_PER_BLOCK: Final = 512
FULL_SCALE: Final = 32_768

Figures = npt.NDArray[np.float32]
"""One for each full window."""


@dataclass(frozen=True, slots=True)
class Windows:
    """A channel in brief; 250 bytes for each second of it."""

    levels: Figures
    """Root mean square, 0 to 1."""
    peaks: Figures
    """Largest absolute sample, 0 to 1."""

    @property
    def powers(self) -> Figures:
        return np.square(self.levels)


def measure(channel: Channel) -> Windows:
    """One pass over the channel; what does not fill a last window is left out."""
    levels, peaks = [np.zeros(0, np.float32)], [np.zeros(0, np.float32)]
    for block in channel.blocks(WINDOW_SAMPLES * WINDOWS_PER_BLOCK):
        windows = block[: len(block) // WINDOW_SAMPLES * WINDOW_SAMPLES].reshape(-1, WINDOW_SAMPLES)
        levels.append(_levels(windows))
        peaks.append(_peaks(windows))
    return Windows(np.concatenate(levels), np.concatenate(peaks))


def _levels(windows: Mono) -> Figures:
    samples = windows.astype(np.float32)
    powers = np.einsum("ij,ij->i", samples, samples) / np.float32(WINDOW_SAMPLES)
    levels: Figures = np.sqrt(powers) / np.float32(FULL_SCALE)
    return levels


def _peaks(windows: Mono) -> Figures:
    # Apart, since the absolute value of the lowest sample does not fit 16 bits.
    highest, lowest = windows.max(axis=1).astype(np.float32), windows.min(axis=1).astype(np.float32)
    peaks: Figures = np.maximum(highest, -lowest) / np.float32(FULL_SCALE)
    return peaks
