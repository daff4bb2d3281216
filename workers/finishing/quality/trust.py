"""One number for a call: how much of what was spoken nothing is said against."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Final

from models.quality_content import FlagCode
from workers.finishing.quality.flag import Flag
from workers.finishing.quality.heard import HeardChunk
from workers.finishing.quality.saying import quickest_ms
from workers.finishing.quality.thresholds import DOUBTS, Thresholds

DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class Trust:
    """Milliseconds."""

    spoken_ms: int
    doubted_ms: float

    @property
    def value(self) -> float | None:
        """0 to 1; None where nothing was to be heard."""
        if self.spoken_ms == 0:
            return None
        return round(1.0 - self.doubted_ms / self.spoken_ms, DIGITS)


def trust_of(chunks: Sequence[HeardChunk], flags: Iterable[Flag], thresholds: Thresholds) -> Trust:
    """A further flag never raises it: each only adds to what is doubted, and none to what was spoken."""
    against: defaultdict[int, set[FlagCode]] = defaultdict(set)
    for flag in flags:
        for place in flag.chunks:
            against[place].add(flag.code)
    weights = [weight_ms(chunk, thresholds) for chunk in chunks]
    return Trust(
        spoken_ms=sum(weights),
        doubted_ms=sum(weights[place] * doubt(codes) for place, codes in sorted(against.items())),
    )


def weight_ms(chunk: HeardChunk, thresholds: Thresholds) -> int:
    """What was spoken, or more where the text is too long for it: invented text has a weight too."""
    return max(chunk.speech_ms, quickest_ms(chunk.text, thresholds))


def doubt(codes: Collection[FlagCode], doubts: Mapping[FlagCode, float] = DOUBTS) -> float:
    """What flags say against a chunk, 0 to 1; two of a kind say no more than one."""
    return 1.0 - prod(1.0 - doubts[code] for code in sorted(codes))
