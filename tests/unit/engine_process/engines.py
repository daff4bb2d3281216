"""Engines that a test holds by the hand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence

from workers.engines.base import Beat, Chunk, EngineIdentity, Hypothesis, Outcome, no_beat

PATIENCE_S = 30.0


class SteppedEngine:
    """Ends one chunk whenever the test lets it, the oldest first."""

    identity = EngineIdentity(model="stepped", version="1", device="cpu", dtype="none")
    max_batch_seconds = 240.0
    max_batch_chunks = 8

    def __init__(self, *, slots: int = 4) -> None:
        self.slots = slots
        self.inside: dict[int, Chunk] = {}
        self.came = threading.Semaphore(0)
        self.error: BaseException | None = None
        self._may_end = threading.Semaphore(0)

    def let_end(self, count: int = 1) -> None:
        self._may_end.release(count)

    def break_with(self, error: BaseException) -> None:
        self.error = error
        self._may_end.release()

    @property
    def is_idle(self) -> bool:
        return not self.inside

    def add(self, key: int, chunk: Chunk) -> None:
        self.inside[key] = chunk
        self.came.release()

    def cancel(self, keys: Collection[int]) -> None:
        for key in keys:
            self.inside.pop(key, None)

    def step(self, *, beat: Beat = no_beat) -> list[Outcome]:
        if not self._may_end.acquire(timeout=0.005):
            return []
        if self.error is not None:
            error, self.error = self.error, None
            self.inside.clear()  # what comes after it is another engine, and empty
            raise error
        beat()
        key, chunk = next(iter(self.inside.items()))
        del self.inside[key]
        return [Outcome(key, Hypothesis(f"{chunk.seconds:.1f} s", language=chunk.language))]

    def recognize(self, chunks: Sequence[Chunk], *, beat: Beat = no_beat) -> list[Hypothesis]:
        return [Hypothesis(f"{chunk.seconds:.1f} s") for chunk in chunks]

    def close(self) -> None:
        """Nothing is held."""


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether it becomes true; looked at again and again."""
    never = threading.Event()
    return any(condition() or never.wait(0.01) for _ in range(int(PATIENCE_S / 0.01)))
