"""How long a party let the other wait for its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from workers.finishing.metrics.interruptions import Interruption
from workers.finishing.metrics.turns import Turn


@dataclass(frozen=True, slots=True)
class Response:
    """A change of turn without an interruption: what the literature calls its floor transfer offset."""

    channel: int
    delay_ms: int
    """Negative where it began before the other had ended."""


def responses_of(turns: Sequence[Turn], interruptions: Sequence[Interruption]) -> list[Response]:
    """One for each turn that follows another party's; who cuts in does not answer."""
    cut_in = {(each.by, each.span.start_ms) for each in interruptions}
    return [
        Response(turn.channel, turn.span.start_ms - before.span.end_ms)
        for before, turn in pairwise(turns)
        if before.channel != turn.channel and (turn.channel, turn.span.start_ms) not in cut_in
    ]


def nearest_rank(values: Sequence[int], percent: int) -> int | None:
    """The smallest value that at least `percent` of all do not exceed; None of none.

    Always one of the values, so whole milliseconds stay whole.
    """
    if not values:
        return None
    rank = -(-len(values) * percent // 100)
    return sorted(values)[max(rank, 1) - 1]
