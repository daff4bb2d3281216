"""Every engine as one that takes chunks at any time."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from core.errors import EngineOverloaded
from workers.engines.base import (
    Beat,
    Chunk,
    ContinuousEngine,
    Engine,
    EngineIdentity,
    Hypothesis,
    Outcome,
    no_beat,
)


def continuous(engine: Engine) -> ContinuousEngine:
    """The engine itself where it can, else one that works off what was added in whole batches."""
    if hasattr(engine, "step"):
        return cast("ContinuousEngine", engine)
    return BatchAtATime(engine)


class BatchAtATime:
    """A step hears as many of the oldest chunks as the engine takes at once."""

    slots = 0

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: dict[int, Chunk] = {}
        self._most = engine.max_batch_chunks
        """Less than the engine says while it turns out not to fit."""
        self.recognize = engine.recognize
        self.close = engine.close

    @property
    def identity(self) -> EngineIdentity:
        return self._engine.identity

    @property
    def max_batch_seconds(self) -> float:
        return self._engine.max_batch_seconds

    @property
    def max_batch_chunks(self) -> int:
        return self._engine.max_batch_chunks

    @property
    def is_idle(self) -> bool:
        return not self._waiting

    def add(self, key: int, chunk: Chunk) -> None:
        self._waiting[key] = chunk

    def cancel(self, keys: Collection[int]) -> None:
        for key in keys:
            self._waiting.pop(key, None)

    def step(self, *, beat: Beat = no_beat) -> list[Outcome]:
        keys = self._next()
        if not keys:
            return []
        try:
            heard = self._engine.recognize([self._waiting[key] for key in keys], beat=beat)
        except EngineOverloaded as error:
            return self._overloaded(keys, error)
        self._most = self.max_batch_chunks
        return [self._ended(key, result) for key, result in zip(keys, heard, strict=True)]

    def _next(self) -> list[int]:
        """The oldest chunks, in order, as far as they fit; at least one if any waits."""
        keys: list[int] = []
        seconds = 0.0
        for key, chunk in self._waiting.items():
            seconds += chunk.seconds
            if keys and (len(keys) >= self._most or seconds > self.max_batch_seconds):
                break
            keys.append(key)
        return keys

    def _overloaded(self, keys: list[int], error: EngineOverloaded) -> list[Outcome]:
        if len(keys) > 1:
            self._most = len(keys) // 2
            return []
        self._most = self.max_batch_chunks
        return [self._ended(keys[0], error)]

    def _ended(self, key: int, result: Hypothesis | EngineOverloaded) -> Outcome:
        del self._waiting[key]
        return Outcome(key, result)
