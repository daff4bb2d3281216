"""How long what is in the engine will last, judged by how fast it went so far."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from math import inf
from typing import Final

HALF_LIFE_S: Final = 30.0
"""Of busy time, after which a measurement counts half: recordings change, and so does the pace."""


class Pace:
    """Not thread-safe; its owner holds a lock."""

    def __init__(self, *, slots: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`slots` as the engine has them: that many chunks are worked on at once."""
        self._slots = slots
        self._clock = clock
        self._inside: dict[int, float] = {}
        self._seconds = 0.0
        self._heard = 0.0
        """Seconds of audio, the older the less."""
        self._busy = 0.0
        """Seconds that took, weighed alike."""
        self._moved_at = 0.0
        """When a chunk ended last, or when the engine began after a pause."""

    def add(self, key: int, seconds: float) -> None:
        if not self._inside:
            self._moved_at = self._clock()
        self._inside[key] = seconds
        self._seconds += seconds

    def end(self, keys: Iterable[int]) -> None:
        """These were heard; strangers are ignored."""
        heard = self._take(keys)
        now = self._clock()
        passed, self._moved_at = now - self._moved_at, now
        fade = 0.5 ** (passed / HALF_LIFE_S)
        self._heard = self._heard * fade + heard
        self._busy = self._busy * fade + passed

    def drop(self, keys: Iterable[int]) -> None:
        """These will not be heard; that says nothing about the pace."""
        self._take(keys)

    def until_room(self) -> float:
        """Seconds until the engine could begin with another chunk; infinite while that is anybody's guess."""
        queued = len(self._inside) - self._slots
        if queued <= 0:
            return 0.0
        if self._heard <= 0.0 or self._busy <= 0.0:
            return inf
        ahead = self._seconds * queued / len(self._inside)
        return ahead * self._busy / self._heard - (self._clock() - self._moved_at)

    def _take(self, keys: Iterable[int]) -> float:
        taken = sum(self._inside.pop(key, 0.0) for key in keys)
        self._seconds = self._seconds - taken if self._inside else 0.0
        return taken
