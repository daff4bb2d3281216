"""A reason not to trust some chunks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from models.quality_content import FlagCode, QualityFlag
from workers.finishing.metrics.spans import Span

DIGITS: Final = 4

_ORDER: Final = {code: place for place, code in enumerate(FlagCode)}


@dataclass(frozen=True, slots=True)
class Flag:
    code: FlagCode
    channel: int
    span: Span
    chunks: frozenset[int]
    """Places of the chunks that it speaks against."""
    measures: Mapping[str, float] = field(default_factory=dict)

    @property
    def place(self) -> tuple[Span, int, int]:
        """By which flags are ordered."""
        return self.span, self.channel, _ORDER[self.code]


def as_content(flag: Flag) -> QualityFlag:
    return {
        "code": flag.code.value,
        "channel": flag.channel,
        "start_ms": flag.span.start_ms,
        "end_ms": flag.span.end_ms,
        "measures": {name: round(value, DIGITS) for name, value in flag.measures.items()},
    }
