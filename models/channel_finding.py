"""What is found about a channel, as it is stored and shown. docs/channels.md explains each."""

from __future__ import annotations

from enum import StrEnum

from typing_extensions import TypedDict


class FindingCode(StrEnum):
    """In the order in which a channel's findings are listed."""

    DEAD_CHANNEL = "dead_channel"
    DUAL_MONO = "dual_mono"
    BLEED = "bleed"
    CLIPPING = "clipping"
    LOW_LEVEL = "low_level"
    HIGH_LEVEL = "high_level"
    NARROWBAND = "narrowband"
    SWAPPED_LEGS = "swapped_legs"
    """The only one that is found by the words, when they are there."""


class Severity(StrEnum):
    """Whether somebody should look after it."""

    INFO = "info"
    """Good to know; the transcript is as good as without."""
    WARNING = "warning"
    """The transcript lacks something, or says something twice, or may be worse."""


class ChannelFinding(TypedDict):
    """One thing that was found about a channel."""

    code: str
    severity: str
    message: str
    """A sentence for people; programs look at `code` and `measures`."""
    measures: dict[str, float]
    """What was measured, rounded; the unit is the end of each name."""
