"""Whether there is as much text as speech: some of it without text, or text without any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from models.quality_content import FlagCode
from workers.finishing.quality.flag import Flag
from workers.finishing.quality.heard import HeardChunk
from workers.finishing.quality.saying import quickest_ms, slowest_ms
from workers.finishing.quality.thresholds import Thresholds


def untold(chunks: Sequence[HeardChunk], thresholds: Thresholds) -> Iterator[Flag]:
    """Speech of which too little became text, be it none or a few words of many."""
    for place, chunk in enumerate(chunks):
        told_ms = slowest_ms(chunk.text, thresholds)
        if chunk.speech_ms - told_ms > thresholds.untold_ms:
            yield Flag(
                FlagCode.SPEECH_WITHOUT_TEXT,
                chunk.channel,
                chunk.span,
                frozenset({place}),
                {"speech_ms": chunk.speech_ms, "text_at_most_ms": told_ms},
            )


def unfounded(chunks: Sequence[HeardChunk], thresholds: Thresholds) -> Iterator[Flag]:
    """Text that nobody can have said in the speech that there is."""
    for place, chunk in enumerate(chunks):
        said_ms = quickest_ms(chunk.text, thresholds)
        if said_ms - chunk.speech_ms > thresholds.unfounded_ms:
            yield Flag(
                FlagCode.TEXT_OVER_SILENCE,
                chunk.channel,
                chunk.span,
                frozenset({place}),
                {"speech_ms": chunk.speech_ms, "text_at_least_ms": said_ms},
            )
