"""Who cut in on whom, and who only said "mhm"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workers.finishing.metrics.spans import Span
from workers.finishing.metrics.stretches import Encounter, Stretch
from workers.finishing.metrics.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class Interruption:
    """One party began while another was talking, and both went on at once."""

    by: int
    on: int
    span: Span
    """From when `by` began until the first of both had ended."""
    overlap_ms: int
    """How long both really spoke."""
    took_turn: bool
    """`by` was still talking when `on` had ended."""


def backchannels_of(encounters: Sequence[Encounter], thresholds: Thresholds) -> list[Stretch]:
    """Short stretches inside another's, each once, in order: they want no turn and get none."""
    short = (
        encounter.later
        for encounter in encounters
        if encounter.is_inside and encounter.later.duration_ms <= thresholds.backchannel_ms
    )
    return list(dict.fromkeys(short))


def interruptions_of(encounters: Sequence[Encounter], thresholds: Thresholds) -> list[Interruption]:
    """In the order in which they begin; one for each party that was cut in on."""
    return list(_interruptions(encounters, thresholds))


def _interruptions(encounters: Sequence[Encounter], thresholds: Thresholds) -> Iterator[Interruption]:
    backchannels = set(backchannels_of(encounters, thresholds))
    for encounter in encounters:
        earlier, later = encounter.earlier, encounter.later
        if later in backchannels or later.start_ms - earlier.start_ms < thresholds.together_ms:
            continue
        if encounter.overlap_ms >= thresholds.interruption_ms:
            yield Interruption(
                by=later.channel,
                on=earlier.channel,
                span=Span(later.start_ms, min(earlier.end_ms, later.end_ms)),
                overlap_ms=encounter.overlap_ms,
                took_turn=not encounter.is_inside,
            )
