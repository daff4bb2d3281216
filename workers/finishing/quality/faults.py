"""Channels whose sound is spoiled from end to end."""

from __future__ import annotations

from collections.abc import Iterator

from workers.finishing.quality.flag import Flag
from workers.finishing.quality.heard import HeardCall


def spoiled(call: HeardCall) -> Iterator[Flag]:
    """What preparation found speaks against all that was heard on the channel."""
    for fault in call.faults:
        on_it = (place for place, chunk in enumerate(call.chunks) if chunk.channel == fault.channel)
        yield Flag(fault.code, fault.channel, fault.span, frozenset(on_it), fault.measures)
