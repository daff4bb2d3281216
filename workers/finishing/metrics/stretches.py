"""What a party says without a pause worth the name, and what of it lies within another's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workers.finishing.metrics.spans import Span, Talk, runs_of


@dataclass(frozen=True, slots=True)
class Stretch:
    """A party's speech with pauses shorter than `stretch_pause_ms`."""

    channel: int
    speech: tuple[Span, ...]
    """In order; at least one."""

    @property
    def start_ms(self) -> int:
        return self.speech[0].start_ms

    @property
    def end_ms(self) -> int:
        return self.speech[-1].end_ms

    @property
    def duration_ms(self) -> int:
        """Its pauses included."""
        return self.end_ms - self.start_ms


@dataclass(frozen=True, slots=True)
class Encounter:
    """One party began (`later`) before another's stretch (`earlier`) had ended."""

    earlier: Stretch
    later: Stretch

    @property
    def is_inside(self) -> bool:
        """The later one has also ended when the earlier one ends."""
        return self.later.end_ms <= self.earlier.end_ms

    @property
    def overlap_ms(self) -> int:
        """How long both really speak, the pauses of either left out."""
        return sum(one.shared_ms(other) for one in self.later.speech for other in self.earlier.speech)


def stretches_of(talk: Talk, *, pause_ms: int) -> list[Stretch]:
    """In the order in which they begin; of those that begin together the longest first."""
    stretches = [
        Stretch(channel, tuple(run))
        for channel, spans in talk.items()
        for run in runs_of(spans, pause_ms=pause_ms)
    ]
    return sorted(stretches, key=lambda each: (each.start_ms, -each.end_ms, each.channel))


def encounters_of(stretches: Sequence[Stretch]) -> list[Encounter]:
    """Every pair of which one begins within the other, in the order of the later one.

    Of two that begin and end together the one on the lower channel is taken for the earlier.
    """
    return list(_encounters(stretches))


def _encounters(stretches: Sequence[Stretch]) -> Iterator[Encounter]:
    latest: dict[int, Stretch] = {}
    for later in stretches:
        for channel, earlier in sorted(latest.items()):
            if channel != later.channel and earlier.end_ms > later.start_ms:
                yield Encounter(earlier, later)
        latest[later.channel] = later
