"""Whose turn it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workers.finishing.metrics.spans import Span
from workers.finishing.metrics.stretches import Encounter, Stretch


@dataclass(frozen=True, slots=True)
class Turn:
    """A party's stretches until another's begins or a long pause."""

    channel: int
    span: Span


def turns_of(stretches: Sequence[Stretch], encounters: Sequence[Encounter], *, pause_ms: int) -> list[Turn]:
    """In order. What lies inside another's stretch takes no turn and ends none.

    So each turn also ends after the one before it, and the next party answers the last turn.
    """
    inside = {encounter.later for encounter in encounters if encounter.is_inside}
    turns: list[Turn] = []
    for stretch in stretches:
        if stretch in inside:
            continue
        if turns and _goes_on(turns[-1], stretch, pause_ms):
            turns[-1] = Turn(stretch.channel, Span(turns[-1].span.start_ms, stretch.end_ms))
        else:
            turns.append(Turn(stretch.channel, Span(stretch.start_ms, stretch.end_ms)))
    return turns


def _goes_on(turn: Turn, stretch: Stretch, pause_ms: int) -> bool:
    return turn.channel == stretch.channel and stretch.start_ms - turn.span.end_ms < pause_ms
