"""What the parties of a call do with one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workers.finishing.metrics.interruptions import Interruption, backchannels_of, interruptions_of
from workers.finishing.metrics.responses import Response, responses_of
from workers.finishing.metrics.spans import Talk
from workers.finishing.metrics.stretches import Stretch, encounters_of, stretches_of
from workers.finishing.metrics.thresholds import Thresholds
from workers.finishing.metrics.turns import Turn, turns_of


@dataclass(frozen=True, slots=True)
class Exchange:
    """All in the order in which they begin."""

    turns: Sequence[Turn]
    interruptions: Sequence[Interruption]
    backchannels: Sequence[Stretch]
    responses: Sequence[Response]


def exchange_of(talk: Talk, thresholds: Thresholds) -> Exchange:
    """Each channel is taken for one party."""
    stretches = stretches_of(talk, pause_ms=thresholds.stretch_pause_ms)
    encounters = encounters_of(stretches)
    turns = turns_of(stretches, encounters, pause_ms=thresholds.turn_pause_ms)
    interruptions = interruptions_of(encounters, thresholds)
    return Exchange(
        turns=turns,
        interruptions=interruptions,
        backchannels=backchannels_of(encounters, thresholds),
        responses=responses_of(turns, interruptions),
    )
