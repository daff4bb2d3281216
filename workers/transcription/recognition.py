"""A device batch through the engine, halved until it fits."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import ChunkTooLarge, EngineOverloaded
from workers.engines.base import Beat, Chunk, Engine, Hypothesis, no_beat


def recognize(engine: Engine, chunks: Sequence[Chunk], *, beat: Beat = no_beat) -> list[Hypothesis]:
    """One hypothesis per chunk, in order; `ChunkTooLarge` if one does not fit even alone."""
    if not chunks:
        return []
    try:
        return engine.recognize(chunks, beat=beat)
    except EngineOverloaded as error:
        if len(chunks) == 1:
            raise ChunkTooLarge from error
    # Out of the handler, so that the failed attempt's tensors are freed before the next one.
    middle = len(chunks) // 2
    return recognize(engine, chunks[:middle], beat=beat) + recognize(engine, chunks[middle:], beat=beat)
