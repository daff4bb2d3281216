"""Two channels side by side, a second at a time, at a quarter of the sample rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from workers.engines.base import SAMPLE_RATE
from workers.preparation.channel_file import ChannelFile
from workers.preparation.findings.heard_channel import Choice, HeardChannel
from workers.preparation.findings.sampling import Places, read_rows
from workers.preparation.windows import WINDOW_SAMPLES, Figures

BLOCK_WINDOWS: Final = 32
BLOCK_SAMPLES: Final = BLOCK_WINDOWS * WINDOW_SAMPLES
"""1.024 s."""
DECIMATION: Final = 4
"""To 4 kHz: most of a voice's power lies below 2 kHz, and correlation costs a quarter."""
RATE: Final = SAMPLE_RATE // DECIMATION
SPOKEN: Final = BLOCK_WINDOWS // 2
"""Windows of speech that make a block one of speech."""

Blocks = npt.NDArray[np.float32]
"""Shape (blocks, 4096): 4 kHz, without what is below a voice."""


@dataclass(frozen=True, slots=True)
class BlockFigures:
    """Each whole block of a channel in brief."""

    powers: Figures
    spoken: Choice
    """Whether voice activity calls at least half of the block speech."""


def block_figures(channel: HeardChannel) -> BlockFigures:
    whole = len(channel.windows.levels) // BLOCK_WINDOWS
    shape = (whole, BLOCK_WINDOWS)
    powers = channel.windows.powers[: whole * BLOCK_WINDOWS].reshape(shape).mean(axis=1)
    spoken = channel.speech[: whole * BLOCK_WINDOWS].reshape(shape).sum(axis=1) >= SPOKEN
    return BlockFigures(powers, spoken)


def read_blocks(file: ChannelFile, places: Places) -> Blocks:
    """Some blocks, decimated and differentiated: that flattens a voice's spectrum and sharpens its peaks."""
    rows = read_rows(file, places, samples=BLOCK_SAMPLES)
    decimated = np.zeros((len(rows), BLOCK_SAMPLES // DECIMATION), np.float32)
    for phase in range(DECIMATION):
        decimated += rows[:, phase::DECIMATION]
    return np.diff(decimated, axis=1, prepend=decimated[:, :1])


def read_both(channels: Sequence[HeardChannel], places: Places) -> tuple[Blocks, Blocks]:
    first, second = (read_blocks(channel.file, places) for channel in channels)
    return first, second
