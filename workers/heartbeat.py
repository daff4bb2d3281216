"""Keeps a lease alive while its work moves on, and ends what stands still."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

from core.errors import DatabaseUnavailable, LeaseLost

logger = logging.getLogger(__name__)

WEDGED_EXIT: Final = 70
"""Exit status of a process that ended itself because its work stood still; EX_SOFTWARE of sysexits.h."""


def exit_now() -> None:
    """Leave without clean-up: a wedged device would hang it. The lease expires and the work is redone."""
    os._exit(WEDGED_EXIT)


class Heartbeat:
    """Calls `renew` from a thread of its own, as long as `beat` is called from the work.

    Once the lease has passed to another, `beat` and `check` raise `LeaseLost`, so that the work stops
    at its next checkpoint.
    """

    def __init__(
        self,
        renew: Callable[[], None],
        *,
        every: timedelta,
        stall_after: timedelta,
        on_stall: Callable[[], None] = exit_now,
    ) -> None:
        self._renew = renew
        self._every = every.total_seconds()
        self._stall_after = stall_after.total_seconds()
        self._on_stall = on_stall
        self._beaten_at = time.monotonic()
        self._lost = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="heartbeat", daemon=True)

    def beat(self) -> None:
        """Work moved on."""
        self.check()
        self._beaten_at = time.monotonic()

    def check(self) -> None:
        """Nothing is known of the work, but it may be time to stop."""
        if self._lost.is_set():
            raise LeaseLost

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def _keep(self) -> None:
        while not self._stopped.wait(self._every):
            if time.monotonic() - self._beaten_at > self._stall_after:
                logger.critical("work stands still")
                self._on_stall()
                return
            if not self._renewed():
                return

    def _renewed(self) -> bool:
        try:
            self._renew()
        except LeaseLost:
            logger.warning("lease lost")
            self._lost.set()
            return False
        except DatabaseUnavailable:
            # The lease outlives several beats; the next one may get through.
            logger.warning("lease not renewed")
        return True
