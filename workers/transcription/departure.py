"""How a transcribe worker leaves when it is told to leave soon: SIGQUIT, or SIGINT for the second time.

Celery's own handler sleeps through what it leaves to running tasks, then waits for threads that
nothing can end, and only then says that the time is over.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Final, Protocol

from celery.worker import state

from workers.heartbeat import exit_now

logger = logging.getLogger(__name__)

GIVE_BACK: Final = timedelta(seconds=5)
"""What it may take to tell Postgres; then the lease will do."""


class Device(Protocol):
    """What is needed of `workers.transcription.device.Device`."""

    def drain(self) -> None: ...
    def abandon(self) -> None: ...


class Departure:
    """Its handlers take no lock that the thread they interrupt may hold."""

    def __init__(
        self,
        device: Device,
        *,
        grace: timedelta,
        give_back: timedelta = GIVE_BACK,
        give_up: Callable[[], None] = exit_now,
    ) -> None:
        """`grace` is what running work gets to end before it is given back."""
        self._device = device
        self._grace = grace.total_seconds()
        self._give_back = give_back.total_seconds()
        self._give_up = give_up
        self._leaving = False
        self._in_haste = threading.Event()
        # Begun now: a handler that begins a thread can wait for a lock that it holds itself.
        self._hurrying = threading.Thread(target=self._hurry, name="departure", daemon=True)

    def install(self) -> None:
        """In the main thread, and after Celery has set its own handlers."""
        self._hurrying.start()
        signal.signal(signal.SIGINT, self._interrupt)
        signal.signal(signal.SIGQUIT, self._quit)

    def _interrupt(self, *_: object) -> None:
        if self._leaving:
            self._in_haste.set()
        self._leave()

    def _quit(self, *_: object) -> None:
        self._in_haste.set()
        self._leave()

    def _leave(self) -> None:
        """As at SIGTERM: no hint is taken any more, and the process ends with what runs."""
        self._leaving = True
        self._device.drain()
        state.should_stop = 0  # type: ignore[assignment]  # an exit status, as Celery's own handlers set it

    def _hurry(self) -> None:
        self._in_haste.wait()
        threading.Event().wait(self._grace)
        logger.warning("running work given back")
        self._device.abandon()
        threading.Event().wait(self._give_back)
        logger.critical("running work not given back in time")
        self._give_up()
