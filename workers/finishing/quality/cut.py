"""Texts that the engine had no room to end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from models.quality_content import FlagCode
from workers.finishing.quality.flag import Flag
from workers.finishing.quality.heard import Ending, HeardChunk


def cut_texts(chunks: Sequence[HeardChunk]) -> Iterator[Flag]:
    """Those that reached the token cap. A loop is a repetition: it was stopped before."""
    for place, chunk in enumerate(chunks):
        if chunk.ending is Ending.AT_CAP:
            measures = {"tokens": chunk.tokens, "speech_ms": chunk.speech_ms}
            yield Flag(FlagCode.CUT_TEXT, chunk.channel, chunk.span, frozenset({place}), measures)
