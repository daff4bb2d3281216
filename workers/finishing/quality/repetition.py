"""The same words over and over, within a chunk or from chunk to chunk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from models.quality_content import FlagCode
from workers.finishing.metrics.pace import units_of
from workers.finishing.metrics.spans import Span
from workers.finishing.quality.flag import Flag
from workers.finishing.quality.heard import Ending, HeardChunk
from workers.finishing.quality.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class Repetition:
    """A phrase of so many words and characters, so many times one behind the other."""

    units: int
    repeats: int


def repetitions(chunks: Sequence[HeardChunk], thresholds: Thresholds) -> Iterator[Flag]:
    yield from _within(chunks, thresholds)
    yield from _across(chunks, thresholds)


def longest_repetition(text: str, thresholds: Thresholds) -> Repetition | None:
    """The one with most words and characters, of those that are long enough to be one."""
    units = heard_units(text)
    sizes = range(1, min(thresholds.longest_phrase, len(units) // thresholds.fewest_repeats) + 1)
    found = [Repetition(size, _most_repeats(units, size)) for size in sizes]
    loops = [
        each
        for each in found
        if each.repeats >= thresholds.fewest_repeats
        and each.units * each.repeats >= thresholds.fewest_repeated_units
    ]
    # Of a loop "no no no" is also "no no": the shortest phrase is what is repeated.
    return max(loops, key=lambda each: (each.units * each.repeats, -each.units), default=None)


def heard_units(text: str) -> list[str]:
    """Words and characters as far as the ear tells them apart: without case and punctuation."""
    return ["".join(filter(str.isalnum, unit)).casefold() for unit in units_of(text)]


def _most_repeats(units: Sequence[str], size: int) -> int:
    """How often the phrase of this size comes in a row that does most often."""
    most = run = 0
    for place in range(size, len(units)):
        run = run + 1 if units[place] == units[place - size] else 0
        most = max(most, run)
    return 1 + most // size


def _within(chunks: Sequence[HeardChunk], thresholds: Thresholds) -> Iterator[Flag]:
    for place, chunk in enumerate(chunks):
        found = longest_repetition(chunk.text, thresholds)
        if found is not None:
            yield _flag([(place, chunk)], {"repeats": found.repeats, "phrase_units": found.units})
        elif chunk.ending is Ending.IN_LOOP:
            # The engine has taken the loop away, and what was said instead with it.
            yield _flag([(place, chunk)], {})


def _across(chunks: Sequence[HeardChunk], thresholds: Thresholds) -> Iterator[Flag]:
    told = [(place, chunk, tuple(heard_units(chunk.text))) for place, chunk in enumerate(chunks)]
    same = groupby((each for each in told if each[2]), key=lambda each: (each[1].channel, each[2]))
    for (_, units), group in same:
        run = [(place, chunk) for place, chunk, _ in group]
        if (
            len(run) >= thresholds.fewest_repeated_chunks
            and len(run) * len(units) >= thresholds.fewest_repeated_units
        ):
            yield _flag(run, {"repeats": len(run), "phrase_units": len(units)})


def _flag(run: Sequence[tuple[int, HeardChunk]], measures: dict[str, float]) -> Flag:
    spans = [chunk.span for _, chunk in run]
    return Flag(
        FlagCode.REPETITION,
        run[0][1].channel,
        Span(spans[0].start_ms, max(span.end_ms for span in spans)),
        frozenset(place for place, _ in run),
        measures,
    )
