"""What is judged: a call's chunks as voice activity and the engine left them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from models.quality_content import FlagCode
from workers.finishing.metrics.spans import Span


class Ending(StrEnum):
    """Why the engine wrote no more."""

    BY_ITSELF = "by_itself"
    AT_CAP = "at_cap"
    IN_LOOP = "in_loop"


@dataclass(frozen=True, slots=True)
class HeardChunk:
    """One stretch of a channel and what the engine made of it."""

    channel: int
    span: Span
    """From its first speech to its last."""
    speech_ms: int
    """Of the span, what voice activity called speech, without what it adds on either side."""
    text: str = ""
    confidence: float | None = None
    """Geometric mean of the probabilities of its tokens, 0 to 1."""
    tokens: int = 0
    ending: Ending = Ending.BY_ITSELF


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that spoils the sound of a whole channel."""

    code: FlagCode
    channel: int
    span: Span
    measures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HeardCall:
    chunks: Sequence[HeardChunk]
    """By channel and time; those without text too."""
    faults: Sequence[Fault] = ()
