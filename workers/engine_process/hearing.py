"""One device batch in the engine."""

from __future__ import annotations

from collections.abc import Mapping
from queue import Empty, SimpleQueue

from core.errors import EngineBroken, EngineOverloaded
from workers.engine_process.life import Inbox, Life
from workers.engines.base import Chunk, Hypothesis


class Hearing:
    """Chunks go in and results come out under the caller's own numbers. Used by one thread.

    `add` and `next` raise `EngineBroken` once the engine has ended: what it had not told is lost.
    """

    def __init__(self, life: Life) -> None:
        self._life = life
        self._numbers: dict[int, int] = {}
        """By the engine's key, for those that are inside."""
        self._inbox: Inbox = SimpleQueue()
        self._seen = life.progress

    def add(self, chunks: Mapping[int, Chunk]) -> None:
        keys = self._life.add(list(chunks.values()), self._inbox)
        self._numbers.update(zip(keys, chunks, strict=True))

    def next(self, *, timeout: float) -> tuple[int, Hypothesis | EngineOverloaded] | None:
        """A chunk's number and what was heard in it; None if nothing ends so soon."""
        try:
            outcome = self._inbox.get(timeout=timeout)
        except Empty:
            return None
        if outcome is None:
            raise EngineBroken("The engine ended while it worked.")
        return self._numbers.pop(outcome.key), outcome.result

    @property
    def is_over(self) -> bool:
        return not self._numbers

    def has_moved(self) -> bool:
        """Whether the engine moved on since this was asked last."""
        before, self._seen = self._seen, self._life.progress
        return self._seen != before

    def is_working(self) -> bool:
        """Whether the engine has some of it right now, as far as it told."""
        return self._life.holds_any(list(self._numbers))

    def engine_is_empty(self) -> bool:
        """Nothing of anybody is in the engine."""
        return self._life.is_empty

    def forget(self) -> None:
        """What is still inside is not wanted any more; harmless after the end."""
        keys = list(self._numbers)
        self._numbers.clear()
        self._life.cancel(keys)

    def kill_engine(self) -> None:
        """It hangs: all that is in it is lost, and another one is started."""
        self._life.kill()
