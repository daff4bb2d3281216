"""Who may claim, and when: one device batch after another, each when the device is nearly free."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

LOOK_EVERY_S: Final = 0.05
"""How often a waiting device batch looks whether time alone has made room."""
REMEMBERED: Final = 5
"""Device batches whose way into the engine is remembered; the slowest of them counts."""


class Turn:
    """One device batch's way in. Whoever has it is the only one who claims and reads."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._begun = time.monotonic()

    def is_fed(self) -> None:
        """The engine has the first of its samples: so long it took from the claim on."""
        self._admission.remember(time.monotonic() - self._begun)

    def let_next_in(self) -> None:
        """Its samples are all in the engine. Harmless when said again."""
        self._admission.release(self)


class Admission:
    """Holds a device batch back until claiming it would not be too early.

    A claim is early while other workers, or a live call, could still have had the chunks sooner than
    this engine can begin with them. It is late when the engine runs dry while samples are read. So
    the next device batch is let in as soon as the engine is expected to have room for a new chunk
    within the time that the way from a claim to the first samples took lately.
    """

    def __init__(self, until_room: Callable[[], float]) -> None:
        """`until_room` tells in how many seconds the engine could begin with another chunk."""
        self._until_room = until_room
        self._ways: deque[float] = deque(maxlen=REMEMBERED)
        self._inside: Turn | None = None
        self._begun = 0
        """Device batches that were asked for and have not ended, waiting ones included."""
        self._waiting = 0
        self._draining = False
        self._changed = threading.Condition()

    @property
    def welcome(self) -> int:
        """How many hints there is use for: those that run, and one more if it would be let in at once."""
        with self._changed:
            return self._begun + int(not self._waiting and self._may_enter())

    @contextmanager
    def turn(self) -> Iterator[Turn | None]:
        """Blocks until there is room; None when nothing new is to be begun."""
        turn = self._enter()
        try:
            yield turn
        finally:
            self._leave(turn)

    def _leave(self, turn: Turn | None) -> None:
        with self._changed:
            self._begun -= 1
            if turn is not None:
                self.release(turn)

    def remember(self, seconds: float) -> None:
        with self._changed:
            self._ways.append(seconds)

    def release(self, turn: Turn) -> None:
        with self._changed:
            if self._inside is turn:
                self._inside = None
                self._changed.notify_all()

    def look_again(self) -> None:
        """The engine moved on."""
        with self._changed:
            self._changed.notify_all()

    def drain(self) -> None:
        """Let nobody in any more. For signal handlers: takes no lock."""
        self._draining = True

    def _enter(self) -> Turn | None:
        with self._changed:
            self._begun += 1
            self._waiting += 1
            try:
                while not (self._may_enter() or self._draining):
                    self._changed.wait(LOOK_EVERY_S)
            finally:
                self._waiting -= 1
            if self._draining:
                return None
            self._inside = Turn(self)
            return self._inside

    def _may_enter(self) -> bool:
        if self._inside is not None or self._draining:
            return False
        return self._until_room() <= max(self._ways, default=0.0)
