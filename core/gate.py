"""Turning requests away from a dependency that hangs, instead of letting each wait for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from core.errors import TransientError

SLOW_S: Final = 0.5
"""What fails sooner keeps nobody waiting, and needs no gate."""
PAUSE_S: Final = 0.5
"""How long nobody asks after a slow failure."""


class Gate:
    """After a slow failure one at a time may ask whether the dependency is back; others fail at once.

    Thread-safe. Open again as soon as an answer comes, or a failure that is quick.
    """

    def __init__(self, failure: type[TransientError], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._failure = failure
        self._clock = clock
        self._lock = threading.Lock()
        self._closed_until: float | None = None
        self._is_probed = False

    @contextmanager
    def entered(self) -> Iterator[None]:
        """For the time of one question. Raises the failure at once while the gate is closed."""
        is_probe = self._admit()
        begun = self._clock()
        failed_slowly = False
        try:
            yield
        except self._failure:
            failed_slowly = self._clock() - begun >= SLOW_S
            raise
        finally:
            self._leave(is_probe=is_probe, failed_slowly=failed_slowly)

    def _admit(self) -> bool:
        with self._lock:
            if self._closed_until is None:
                return False
            if self._is_probed or self._clock() < self._closed_until:
                raise self._failure
            self._is_probed = True
            return True

    def _leave(self, *, is_probe: bool, failed_slowly: bool) -> None:
        with self._lock:
            if failed_slowly:
                self._closed_until = self._clock() + PAUSE_S
            elif is_probe:
                self._closed_until = None
            if is_probe:
                self._is_probed = False
