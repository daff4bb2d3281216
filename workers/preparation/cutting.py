"""Cuts a channel into chunks at its pauses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from workers.engines.base import MAX_CHUNK_SECONDS
from workers.preparation.speech_spans import Span
from workers.preparation.voice_activity import WINDOW_MS, Probabilities


@dataclass(frozen=True, slots=True)
class CutRules:
    """How long chunks are and where they end."""

    max_ms: int = int(MAX_CHUNK_SECONDS * 1000)
    max_pause_ms: int = 1_000
    """A longer pause ends a chunk.

    Every chunk costs an engine about the same, however short it is, so chunks want to be long. But
    a segment's times are its chunk's, and a turn must not swallow the other party's answer: pauses
    inside a turn are rarely longer than this, an answer rarely shorter.
    """
    good_ms: int = 20_000
    """From here on a chunk is long enough to end at its longest pause rather than at its last one."""
    margin_ms: int = 200
    """Kept around speech as far as the pause allows: words begin and end softer than speech is found."""
    min_rest_ms: int = 1_000
    """What a cut through the middle of speech must leave for the next chunk."""

    @property
    def max_speech_ms(self) -> int:
        return self.max_ms - 2 * self.margin_ms


@dataclass(frozen=True, slots=True)
class Cut:
    """One chunk: its stretch of the channel and the speech inside it."""

    start_ms: int
    end_ms: int
    speech: tuple[Span, ...]


def cut_chunks(
    spans: Sequence[Span],
    probabilities: Probabilities,
    *,
    duration_ms: int,
    rules: CutRules = CutRules(),
) -> tuple[Cut, ...]:
    """Chunks in order. Every span lies in exactly one, but for those too long for any."""
    if not spans:
        return ()
    pieces = [piece for span in spans for piece in _split(span, probabilities, rules)]
    groups = [group for run in _runs(pieces, rules) for group in _groups(run, rules)]
    middles = [(earlier[-1].end_ms + later[0].start_ms) // 2 for earlier, later in pairwise(groups)]
    return tuple(
        Cut(
            start_ms=max(group[0].start_ms - rules.margin_ms, floor_ms),
            end_ms=min(group[-1].end_ms + rules.margin_ms, ceiling_ms),
            speech=tuple(group),
        )
        for group, floor_ms, ceiling_ms in zip(groups, [0, *middles], [*middles, duration_ms], strict=True)
    )


def _split(span: Span, probabilities: Probabilities, rules: CutRules) -> Iterator[Span]:
    """Cut speech without a pause where it is least likely to be speech."""
    start_ms = span.start_ms
    while span.end_ms - start_ms > rules.max_speech_ms:
        first = -(-(start_ms + rules.good_ms) // WINDOW_MS)
        last = min(start_ms + rules.max_speech_ms, span.end_ms - rules.min_rest_ms) // WINDOW_MS
        weakest_ms = (first + int(probabilities[first : last + 1].argmin())) * WINDOW_MS
        yield Span(start_ms, weakest_ms)
        start_ms = weakest_ms
    yield Span(start_ms, span.end_ms)


def _runs(pieces: Sequence[Span], rules: CutRules) -> Iterator[list[Span]]:
    """Stretches of speech without a long pause."""
    run: list[Span] = []
    for piece in pieces:
        if run and piece.start_ms - run[-1].end_ms > rules.max_pause_ms:
            yield run
            run = []
        run.append(piece)
    yield run


def _groups(run: list[Span], rules: CutRules) -> Iterator[list[Span]]:
    """The run's spans, by chunk."""
    while run:
        count = _best_count(run, rules)
        yield run[:count]
        run = run[count:]


def _best_count(run: Sequence[Span], rules: CutRules) -> int:
    """How many of the run's first spans make the next chunk."""
    lengths = [span.end_ms - run[0].start_ms for span in run]
    most = sum(length <= rules.max_speech_ms for length in lengths)
    if most == len(run):
        return most
    good = [count for count in range(1, most + 1) if lengths[count - 1] >= rules.good_ms]
    return max(good, key=lambda count: (run[count].start_ms - run[count - 1].end_ms, count), default=most)
