"""Calls as the metrics take them, written short, and drawn at random."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hypothesis import strategies as st

from models.metrics_content import MetricsContent
from workers.finishing.metrics.call import Call, Voice
from workers.finishing.metrics.exchange import Exchange, exchange_of
from workers.finishing.metrics.measuring import measure
from workers.finishing.metrics.spans import Span, union_of
from workers.finishing.metrics.thresholds import THRESHOLDS, Thresholds

MINUTE: Final = 60_000
ROLES: Final = ("agent", "customer", "interpreter", "supervisor")

Edges = Sequence[tuple[int, int]]


def spans(edges: Edges) -> list[Span]:
    return [Span(start_ms, end_ms) for start_ms, end_ms in edges]


def call(*speech: Edges, duration_ms: int = MINUTE, roles: Sequence[str | None] = ROLES) -> Call:
    """One channel for each argument."""
    voices = [
        Voice(channel, role, spans(edges))
        for channel, (edges, role) in enumerate(zip(speech, roles, strict=False))
    ]
    return Call(duration_ms, voices)


def measured(*speech: Edges, duration_ms: int = MINUTE) -> MetricsContent:
    return measure(call(*speech, duration_ms=duration_ms))


def exchange(*speech: Edges, thresholds: Thresholds = THRESHOLDS) -> Exchange:
    talk = {channel: union_of(spans(edges), duration_ms=10 * MINUTE) for channel, edges in enumerate(speech)}
    return exchange_of(talk, thresholds)


@st.composite
def calls(draw: st.DrawFn, *, fewest: int = 1, most: int = 4, apart: bool = False) -> Call:
    """Up to four channels of speech in a minute, on a grid, so that edges often meet.

    With `apart` no two channels have an edge in the same millisecond.
    """
    grid = draw(st.sampled_from([10, 100, 500]))
    starts, lengths = st.integers(0, MINUTE // grid), st.integers(1, 8_000 // grid)
    voices = []
    for channel in range(draw(st.integers(fewest, most))):
        late = channel if apart else 0
        drawn = draw(st.lists(st.tuples(starts, lengths), max_size=12))
        speech = [Span(start * grid + late, (start + length) * grid + late) for start, length in drawn]
        voices.append(Voice(channel, ROLES[channel], speech))
    return Call(2 * MINUTE, voices)
