"""Texts of which the engine itself was not sure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from models.quality_content import FlagCode
from workers.finishing.quality.flag import Flag
from workers.finishing.quality.heard import HeardChunk
from workers.finishing.quality.thresholds import Thresholds


def uncertain(chunks: Sequence[HeardChunk], thresholds: Thresholds) -> Iterator[Flag]:
    """Whole chunks, not words: one word is often doubted where all is right, and wrong text often is not."""
    for place, chunk in enumerate(chunks):
        if chunk.confidence is None or chunk.tokens < thresholds.fewest_tokens:
            continue
        if chunk.confidence < thresholds.least_confidence:
            measures = {"confidence": chunk.confidence, "tokens": chunk.tokens}
            yield Flag(FlagCode.LOW_CONFIDENCE, chunk.channel, chunk.span, frozenset({place}), measures)
