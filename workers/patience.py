"""Trying again while the database is away, as long as the lease lasts."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeVar

from core.errors import DatabaseUnavailable

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 2.0


def until_database_answers(action: Callable[[], Result], *, within: timedelta) -> Result:
    """Run a transaction until it is known to have happened; for those that may safely be repeated.

    Raises `DatabaseUnavailable` when the time is over.
    """
    deadline = time.monotonic() + within.total_seconds()
    pause = FIRST_PAUSE_S
    while True:
        try:
            return action()
        except DatabaseUnavailable:
            if time.monotonic() + pause > deadline:
                raise
            logger.warning("database away, trying again", extra={"pause_s": pause})
        threading.Event().wait(pause)
        pause = min(2 * pause, LONGEST_PAUSE_S)
