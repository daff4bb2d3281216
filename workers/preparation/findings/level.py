"""A party that is too quiet or too loud."""

from __future__ import annotations

from typing import Final

from models.channel_finding import FindingCode, Severity
from workers.preparation.findings.active_level import active_level
from workers.preparation.findings.finding import Finding
from workers.preparation.findings.heard_channel import HeardChannel

NOMINAL_DBFS: Final = -26.0
"""The level that ITU-T P.56 and P.830 bring speech to, 26 dB below overload."""
LOW_DBFS: Final = -40.0
"""12 dB below what devices should send (RFC 7874 §4: -22 ± 6 dBFS). Fainter voices are recognized better
once they are raised; docs/channels.md has the figures."""
HIGH_DBFS: Final = -14.0
"""Peaks of speech lie 15 to 18 dB above its level (ITU-T handbook on telephonometry, 1992): here they would
be cut, unless the voice is compressed."""
MOST_GAIN_DB: Final = 40.0
"""As for listening: beyond that there is only noise to raise."""


def voice_level(channel: HeardChannel) -> float | None:
    """dBFS; None where there is too little speech to judge it by."""
    return active_level(channel) if channel.has_voice else None


def find_level(channel: HeardChannel) -> Finding | None:
    level = voice_level(channel)
    if level is None:
        return None
    if level < LOW_DBFS:
        gain = recognition_gain_db(channel)
        message = f"The voice is faint; it was raised by {gain:.0f} dB before recognition."
        measures = {"level_dbfs": level, "raised_db": gain}
        return Finding(FindingCode.LOW_LEVEL, Severity.INFO, message, measures)
    if level > HIGH_DBFS:
        message = "The voice is louder than a line carries undistorted."
        return Finding(FindingCode.HIGH_LEVEL, Severity.INFO, message, {"level_dbfs": level})
    return None


def recognition_gain_db(channel: HeardChannel) -> float:
    """What brings a faint voice to the nominal level; 0 for any other, so that it stays as it came."""
    level = voice_level(channel)
    if level is None or level >= LOW_DBFS:
        return 0.0
    return min(NOMINAL_DBFS - level, MOST_GAIN_DB)
