"""Whose channel is whose: what the caller says, where the recording bears it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.channel import Channel
from models.channel_finding import FindingCode

Roles = dict[int, str | None]
"""By channel number; None where nobody knows."""


def roles_in_effect(given: Mapping[str, str], channels: Sequence[Channel]) -> Roles:
    """As given, but None for a channel that turned out to hold everybody."""
    return {
        channel.index: None if holds_everybody(channel, given, count=len(channels)) else _of(channel, given)
        for channel in channels
    }


def holds_everybody(channel: Channel, given: Mapping[str, str], *, count: int) -> bool:
    """Whether a single role cannot be meant for it: its twin has the same, or it is all that came of two."""
    return channel.has(FindingCode.DUAL_MONO) or (count == 1 and len(given) > 1)


def _of(channel: Channel, given: Mapping[str, str]) -> str | None:
    return given.get(str(channel.index))
