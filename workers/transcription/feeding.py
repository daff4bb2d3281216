"""The samples of one device batch into the engine, and what it hears out of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from core.errors import EngineOverloaded
from workers.engine_process.hearing import Hearing
from workers.engines.base import Chunk, Hypothesis
from workers.heartbeat import Heartbeat
from workers.transcription.admission import Turn
from workers.transcription.reading import ChunkReader, StoredChunk

LISTEN_S: Final = 0.5
"""How long to wait for an outcome before looking at the lease again."""
LOOK_EVERY_S: Final = 0.02
"""How often a suspect looks whether the engine is empty."""

Result = Hypothesis | EngineOverloaded | None
"""What was heard, or that it does not fit the device, or that its recording was erased meanwhile."""


class Feeding:
    """One device batch that has been claimed. Raises what storage, engine and lease raise."""

    def __init__(self, hearing: Hearing, turn: Turn, heartbeat: Heartbeat) -> None:
        self.has_begun = False
        """Whether the engine got any of it: only then can it have broken the engine."""
        self._hearing = hearing
        self._turn = turn
        self._heartbeat = heartbeat
        self._results: dict[int, Result] = {}

    def hear(
        self, chunks: Sequence[StoredChunk], reader: ChunkReader, *, alone: bool, piecemeal: bool
    ) -> list[Result]:
        """A result for each chunk, in order.

        `alone`: nothing else may be in the engine meanwhile. `piecemeal`: the engine begins with what
        has been read; else it gets all at once, as it would only make a small batch of the first.
        """
        try:
            if alone:
                self._wait_for_empty_engine()
            self._feed(chunks, reader, piecemeal=piecemeal)
            if not alone:
                self._turn.let_next_in()
            while not self._hearing.is_over:
                self._listen(LISTEN_S)
        finally:
            self._hearing.forget()
        return [self._results[number] for number in range(len(chunks))]

    def _wait_for_empty_engine(self) -> None:
        while not self._hearing.engine_is_empty():
            self._listen(LOOK_EVERY_S)

    def _feed(self, chunks: Sequence[StoredChunk], reader: ChunkReader, *, piecemeal: bool) -> None:
        portion: dict[int, Chunk] = {}
        for number, samples in enumerate(reader.read(chunks)):
            self._heartbeat.beat()
            if samples is None:
                self._results[number] = None
            else:
                portion[number] = Chunk(samples, chunks[number].language)
            if piecemeal:
                self._hand_over(portion)
        self._hand_over(portion)

    def _hand_over(self, portion: dict[int, Chunk]) -> None:
        if not portion:
            return
        self._hearing.add(portion)
        portion.clear()
        if not self.has_begun:
            self.has_begun = True
            self._turn.is_fed()

    def _listen(self, seconds: float) -> None:
        ended = self._hearing.next(timeout=seconds)
        if ended is not None:
            number, result = ended
            self._results[number] = result
        if self._hearing.has_moved():
            self._heartbeat.beat()
        else:
            self._heartbeat.check()
