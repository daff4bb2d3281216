"""How much an engine takes at once, and in which portions it hears it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from core.errors import EngineOverloaded
from workers.engines.audibility import is_audible
from workers.engines.base import MAX_CHUNK_SECONDS, SAMPLE_RATE, Chunk, Hypothesis

if TYPE_CHECKING:  # pydantic is more than an engine needs on a bare GPU machine
    from workers.engines.settings import EngineSettings

Listen = Callable[[Sequence[Chunk]], list[Hypothesis]]


@dataclass(frozen=True, slots=True)
class Budget:
    """The largest device batch of one engine on one device."""

    chunks: int
    seconds: float
    rows: int
    """Chunks decoded together; a device batch may take several passes."""

    @classmethod
    def of(cls, settings: EngineSettings, *, rows: int, passes: int = 1) -> Self:
        """What the settings ask for, else `passes` full passes of the longest chunks."""
        chunks = settings.max_batch_chunks or rows * passes
        seconds = settings.max_batch_seconds or chunks * MAX_CHUNK_SECONDS
        return cls(chunks=chunks, seconds=seconds, rows=min(rows, chunks))

    def refuse_oversize(self, chunks: Sequence[Chunk]) -> None:
        """Raise `EngineOverloaded` for more than fits, and for a chunk longer than the models' window."""
        # Counted in samples: a sum of seconds may exceed the budget by rounding alone.
        samples = sum(len(chunk.samples) for chunk in chunks)
        too_much = len(chunks) > self.chunks or samples > self.seconds * SAMPLE_RATE
        if too_much or any(chunk.seconds > MAX_CHUNK_SECONDS for chunk in chunks):
            raise EngineOverloaded


def listen_in_passes(chunks: Sequence[Chunk], listen: Listen, *, rows: int) -> list[Hypothesis]:
    """Hear the audible chunks, alike in length together, at most `rows` at once; answer in order."""
    heard = [Hypothesis(text="", language=chunk.language) for chunk in chunks]
    audible = [index for index, chunk in enumerate(chunks) if is_audible(chunk)]
    audible.sort(key=lambda index: chunks[index].seconds, reverse=True)
    for start in range(0, len(audible), rows):
        portion = audible[start : start + rows]
        for index, hypothesis in zip(portion, listen([chunks[i] for i in portion]), strict=True):
            heard[index] = hypothesis
    return heard
