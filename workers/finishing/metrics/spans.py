"""Stretches of time, in integer milliseconds from the start of the recording."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

Talk = Mapping[int, Sequence["Span"]]
"""By channel when somebody speaks on it: spans in order, none touching the next."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From `start_ms` up to, but not including, `end_ms`."""

    start_ms: int
    end_ms: int

    @property
    def duration_ms(self) -> int:
        return self.end_ms - self.start_ms

    def shared_ms(self, other: Span) -> int:
        """How long both last."""
        return max(0, min(self.end_ms, other.end_ms) - max(self.start_ms, other.start_ms))


def total_ms(spans: Iterable[Span]) -> int:
    """Of spans that do not overlap."""
    return sum(span.duration_ms for span in spans)


def runs_of(spans: Iterable[Span], *, pause_ms: int) -> list[list[Span]]:
    """Spans in order, gathered wherever less than `pause_ms` lies between two."""
    runs: list[list[Span]] = []
    end_ms = 0
    for span in sorted(spans):
        if runs and span.start_ms - end_ms < pause_ms:
            runs[-1].append(span)
            end_ms = max(end_ms, span.end_ms)
        else:
            runs.append([span])
            end_ms = span.end_ms
    return runs


def union_of(spans: Iterable[Span], *, duration_ms: int) -> tuple[Span, ...]:
    """The same time without what lies outside the recording: in order, none touching the next."""
    runs = runs_of(_within(spans, duration_ms), pause_ms=1)
    return tuple(Span(run[0].start_ms, max(span.end_ms for span in run)) for run in runs)


def unpadded(spans: Iterable[Span], *, pad_ms: int, duration_ms: int) -> tuple[Span, ...]:
    """The union without what was added on either side of speech; none is where the recording ends."""
    return tuple(
        Span(
            span.start_ms + pad_ms if span.start_ms > 0 else 0,
            span.end_ms - pad_ms if span.end_ms < duration_ms else duration_ms,
        )
        for span in union_of(spans, duration_ms=duration_ms)
        if span.duration_ms > 2 * pad_ms
    )


def _within(spans: Iterable[Span], duration_ms: int) -> Iterator[Span]:
    for span in spans:
        clipped = Span(max(span.start_ms, 0), min(span.end_ms, duration_ms))
        if clipped.duration_ms > 0:
            yield clipped
