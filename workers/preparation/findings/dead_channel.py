"""A channel that carries nobody: digital silence, a constant, or noise alone."""

from __future__ import annotations

from typing import Final

import numpy as np

from models.channel_finding import FindingCode, Severity
from workers.preparation.findings.finding import Finding
from workers.preparation.findings.heard_channel import HeardChannel, decibels
from workers.preparation.loudness import LOUD_WINDOWS

SILENCE_DBFS: Final = -60.0
"""An idle line: mu-law's own noise is at -72, the quietest room on a telephone above -60."""
STEADY_DB: Final = 6.0
"""Noise alone stays this close to its median in its loudest second; no sound that means something does."""


def find_dead_channel(channel: HeardChannel) -> Finding | None:
    """Only where voice activity found nothing at all."""
    levels = channel.windows.levels
    if channel.spans or len(levels) < LOUD_WINDOWS:
        return None
    loud = decibels(float(np.partition(levels, -LOUD_WINDOWS)[-LOUD_WINDOWS]) ** 2)
    usual = decibels(float(np.median(levels)) ** 2)
    if loud >= SILENCE_DBFS and loud - usual > STEADY_DB:
        return None
    peak = decibels(float(channel.windows.peaks.max()) ** 2)
    measures = {"loudest_second_dbfs": loud, "median_dbfs": usual, "peak_dbfs": peak}
    message = "Nobody is on this channel: there is no signal, or only the noise of the line."
    return Finding(FindingCode.DEAD_CHANNEL, Severity.WARNING, message, measures)
