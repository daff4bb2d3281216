"""Two channels that hold one and the same signal, up to gain and a small offset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from models.channel_finding import FindingCode, Severity
from workers.preparation.findings.blocks import BLOCK_WINDOWS, block_figures, read_both
from workers.preparation.findings.correlation import match
from workers.preparation.findings.finding import Finding
from workers.preparation.findings.heard_channel import Choice, HeardChannel
from workers.preparation.findings.sampling import evenly
from workers.preparation.windows import Figures

MOST_OFFSET_MS: Final = 50
"""Recorders start their tracks this far apart; what comes later is an echo."""
LOUD: Final = 10 ** (-20 / 10)
"""Windows within 20 dB of those that are louder than 95 % of all are compared, and all in spans of speech."""
FAINTEST: Final = 10 ** (-65 / 10)
"""Mean square; what is fainter is the noise of a line."""
SMOOTHED: Final = 5
"""Windows, 160 ms: beyond the largest offset."""
SAME_DB: Final = 4.0
"""How far the difference in level may be from its median."""
LONGEST_DIFFERENCE: Final = 8
"""Windows, a quarter of a second; a word of a second party that only one channel has is longer."""
MOST_GAIN_DB: Final = 15.0
"""A fainter copy is bleed into a channel whose own party is silent."""
LEAST_CORRELATION: Final = 0.8
LEAST_ANYWHERE: Final = 0.6
"""The blocks with least correlation must still have this much."""
MOST_BLOCKS: Final = 16
LEAST_BLOCKS: Final = 2


@dataclass(frozen=True, slots=True)
class Twins:
    """A pair with one signal."""

    first: HeardChannel
    second: HeardChannel
    gain_db: float
    """Of the second channel over the first."""
    lag_ms: float
    correlation: float

    @property
    def copy(self) -> HeardChannel:
        """The fainter one; of equals the second."""
        return self.first if self.gain_db > 1 else self.second

    @property
    def kept(self) -> HeardChannel:
        return self.second if self.gain_db > 1 else self.first


def find_twins(first: HeardChannel, second: HeardChannel) -> Twins | None:
    """Of the levels all of the call is compared, of the samples some blocks."""
    if min(len(channel.windows.levels) for channel in (first, second)) < LEAST_BLOCKS * BLOCK_WINDOWS:
        return None
    gain_db = constant_gain_db(first, second)
    if gain_db is None or abs(gain_db) > MOST_GAIN_DB:
        return None
    figures = block_figures(first), block_figures(second)
    powers = np.maximum(figures[0].powers, figures[1].powers)
    places = evenly(np.flatnonzero(powers > LOUD * powers.max(initial=0.0)), MOST_BLOCKS)
    if len(places) < LEAST_BLOCKS:
        return None
    blocks = read_both((first, second), places)
    found = match(*blocks, earliest_ms=-MOST_OFFSET_MS, latest_ms=MOST_OFFSET_MS)
    if found.correlation < LEAST_CORRELATION or found.weakest < LEAST_ANYWHERE:
        return None
    return Twins(first, second, gain_db, found.lag_ms, found.correlation)


def constant_gain_db(first: HeardChannel, second: HeardChannel) -> float | None:
    """By how much the second channel is louder, if that is the same all along; else None."""
    powers = smoothed(first.windows.powers), smoothed(second.windows.powers)
    loud = is_loud(powers[0]) | is_loud(powers[1])
    if not loud.any():
        return None
    # A faint party who is on one channel alone must not be lost with it.
    loud |= first.in_spans | second.in_spans
    differences = 10 * np.log10(np.maximum(powers[1], 1e-12) / np.maximum(powers[0], 1e-12))
    gain_db = float(np.median(differences[loud]))
    differs = loud & (np.abs(differences - gain_db) > SAME_DB)
    return None if longest_run(differs) > LONGEST_DIFFERENCE else gain_db


def smoothed(powers: Figures) -> Figures:
    return np.convolve(powers, np.full(SMOOTHED, 1 / SMOOTHED, np.float32), "same")


def is_loud(powers: Figures) -> Choice:
    if not len(powers):
        return np.zeros(0, np.bool_)
    loud: Choice = powers > max(LOUD * float(np.quantile(powers, 0.95)), FAINTEST)
    return loud


def longest_run(chosen: Choice) -> int:
    edges = np.flatnonzero(np.diff(np.pad(chosen, 1).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def dual_mono(twins: Twins, channel: HeardChannel) -> Finding:
    """How it reads on one of the two."""
    other = twins.second if channel is twins.first else twins.first
    fate = "it was not transcribed again" if channel is twins.copy else "it was transcribed for both"
    sign = 1 if channel is twins.second else -1
    return Finding(
        FindingCode.DUAL_MONO,
        Severity.WARNING,
        f"It holds the same signal as channel {other.index}; {fate}, and who speaks is not known.",
        {
            "other_channel": float(other.index),
            "gain_db": sign * twins.gain_db,
            "lag_ms": sign * twins.lag_ms,
            "correlation_percent": 100 * twins.correlation,
        },
    )
