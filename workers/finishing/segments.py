"""What was heard, chunk by chunk, with the time at which it was said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp
from typing import Final

from models.chunk import Chunk
from models.hypothesis import Hypothesis
from workers.finishing.joining import tidy

CONFIDENCE_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class Segment:
    """A chunk in which something was said."""

    channel: int
    start_ms: int
    end_ms: int
    speech_ms: int
    text: str
    token_logprobs: Sequence[float]
    language: str | None
    finish_reason: str


def segments_of(heard: Iterable[tuple[Chunk, Hypothesis]]) -> list[Segment]:
    """One for each chunk with text, in the order in which they begin; overlaps stay as they are."""
    ordered = sorted(heard, key=lambda pair: (span_of(pair[0])[0], pair[0].channel, pair[0].index))
    return [_segment(chunk, hypothesis) for chunk, hypothesis in ordered if tidy(hypothesis.text)]


def confidence_of(segments: Iterable[Segment]) -> float | None:
    """Geometric mean of all their tokens' probabilities; None if the engine gave no tokens."""
    return probability_of([logprob for segment in segments for logprob in segment.token_logprobs])


def probability_of(token_logprobs: Sequence[float]) -> float | None:
    """Their geometric mean; None of none."""
    if not token_logprobs:
        return None
    return round(exp(sum(token_logprobs) / len(token_logprobs)), CONFIDENCE_DIGITS)


def _segment(chunk: Chunk, hypothesis: Hypothesis) -> Segment:
    start, end = span_of(chunk)
    return Segment(
        channel=chunk.channel,
        start_ms=start,
        end_ms=end,
        speech_ms=_speech(chunk),
        text=tidy(hypothesis.text),
        token_logprobs=hypothesis.token_logprobs,
        language=hypothesis.language,
        finish_reason=hypothesis.finish_reason,
    )


def span_of(chunk: Chunk) -> tuple[int, int]:
    """From the first speech to the last; the chunk's own edges if voice activity named none."""
    if not chunk.speech_ms:
        return chunk.start_ms, chunk.end_ms
    return chunk.speech_ms[0], chunk.speech_ms[-1]


def _speech(chunk: Chunk) -> int:
    if not chunk.speech_ms:
        return chunk.duration_ms
    return sum(chunk.speech_ms[1::2]) - sum(chunk.speech_ms[0::2])
