"""A channel in which the other party is heard: by the echo of a line, or by a mixer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Final

import numpy as np

from models.channel_finding import FindingCode, Severity
from workers.preparation.findings.blocks import BlockFigures, block_figures, read_both
from workers.preparation.findings.correlation import Match, match
from workers.preparation.findings.finding import Finding
from workers.preparation.findings.heard_channel import HeardChannel
from workers.preparation.findings.sampling import Places, evenly

EARLIEST_MS: Final = -50
"""Tracks may begin so far apart."""
LATEST_MS: Final = 600
"""ITU-T G.131 knows no longer way there and back that people would bear."""
DOMINANCE: Final = 2.0
"""Ratio of powers, 3 dB, by which one channel is louder than the other in a block that is its party's."""
MOST_BLOCKS: Final = 16
LEAST_BLOCKS: Final = 3
LEAST_CORRELATION: Final = 0.12
LEAST_PROMINENCE: Final = 6.0
"""Of unrelated talk the highest of 2,600 lags reaches about 4."""
MIXED_DB: Final = 3.0
"""A copy less faint than this is no echo: both parties were mixed into one track."""
LOUD_DB: Final = 25.0
"""Bleed above this is heard as speech by voice activity and by recognition."""


def find_bleeds(channels: Sequence[HeardChannel]) -> dict[int, list[Finding]]:
    """Whom else each channel holds, by its index."""
    found = {
        (source.index, into.index): bleed
        for source, into in permutations(channels, 2)
        if (bleed := find_bleed(source, into)) is not None
    }
    # Where a party is in another's channel at full strength, that other is not found in its own again.
    mixed = {pair for pair, bleed in found.items() if bleed.measures["attenuation_db"] < MIXED_DB}
    bleeds: dict[int, list[Finding]] = {}
    for (source_index, into_index), bleed in found.items():
        if (into_index, source_index) not in mixed:
            bleeds.setdefault(into_index, []).append(bleed)
    return bleeds


def find_bleed(source: HeardChannel, into: HeardChannel) -> Finding | None:
    """The `source`'s party in the other channel, fainter or at full strength."""
    figures = block_figures(source), block_figures(into)
    places = _alone(*figures)
    if len(places) < LEAST_BLOCKS:
        places = _doubled(*figures)
    if len(places) < LEAST_BLOCKS:
        return None
    found = _matched(source, into, places)
    return _finding(source, found) if _is_copy(found) else None


def _alone(source: BlockFigures, into: BlockFigures) -> Places:
    """Blocks in which the source's party speaks and nobody is as loud on the other channel."""
    return np.flatnonzero(source.spoken & (source.powers >= DOMINANCE * into.powers))


def _doubled(source: BlockFigures, into: BlockFigures) -> Places:
    """Where the source's party is never alone though the other one is: both may be mixed into one channel."""
    if len(_alone(into, source)) < LEAST_BLOCKS:
        return _alone(source, into)
    return np.flatnonzero(source.spoken & (into.powers < DOMINANCE * source.powers))


def _matched(source: HeardChannel, into: HeardChannel, places: Places) -> Match:
    chosen = evenly(places, MOST_BLOCKS)
    return match(*read_both((source, into), chosen), earliest_ms=EARLIEST_MS, latest_ms=LATEST_MS)


def _is_copy(found: Match) -> bool:
    return found.correlation >= LEAST_CORRELATION and found.prominence >= LEAST_PROMINENCE


def _finding(source: HeardChannel, found: Match) -> Finding:
    attenuation = -20 * float(np.log10(max(found.gain, 1e-6)))
    severity = Severity.WARNING if attenuation < LOUD_DB else Severity.INFO
    message = (
        f"The party of channel {source.index} is heard in it, {attenuation:.0f} dB fainter "
        f"and {found.lag_ms:.0f} ms later."
    )
    measures = {
        "from_channel": float(source.index),
        "attenuation_db": attenuation,
        "lag_ms": found.lag_ms,
        "correlation_percent": 100 * found.correlation,
    }
    return Finding(FindingCode.BLEED, severity, message, measures)
