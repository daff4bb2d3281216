"""The slow duties, in a thread of their own: no hint waits for them, nor for storage."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from sqlalchemy.orm import Session

from core.database import SessionFactory
from core.errors import DatabaseUnavailable, TransientError
from core.storage import ObjectStorage
from models.repositories.leadership import Leadership
from workers.settings import DispatcherSettings
from workers.upkeep.abort_uploads import abort_uploads
from workers.upkeep.clear_chunks import clear_chunks
from workers.upkeep.purge_calls import CallPurge
from workers.upkeep.purge_device_batches import purge_device_batches
from workers.upkeep.purge_events import purge_events
from workers.upkeep.purge_idempotency_keys import purge_idempotency_keys
from workers.upkeep.purge_uploads import purge_uploads
from workers.upkeep.purge_workers import purge_workers
from workers.upkeep.sweep_storage import StorageSweep

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 5.0
"""Between two looks whether something is due, and whether the leader is gone."""
BREATH_S: Final = 0.05
"""Between two steps while there is more to do: upkeep leaves the servers to those who wait."""
TRY_AGAIN_S: Final = 30.0
"""After a dependency was away."""


@dataclass(slots=True)
class Duty:
    """Something that is done now and then, one bounded step at a time."""

    name: str
    every: timedelta
    step: Callable[[], bool]
    """Whether there may be more to do at once. Raises `TransientError`."""
    due_at: float = 0.0
    """By the monotonic clock; at once after a start."""


class Upkeep:
    """Done by one dispatcher at a time, though it may be done twice."""

    def __init__(
        self,
        settings: DispatcherSettings,
        sessions: SessionFactory,
        storage: ObjectStorage,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._leadership = Leadership(sessions)
        purges: list[Callable[[Session], int]] = [
            partial(clear_chunks, keep=settings.keep_chunks),
            partial(purge_device_batches, keep=settings.keep_device_batches),
            partial(purge_uploads, keep=settings.keep_uploads),
            partial(purge_events, keep=settings.keep_events),
            purge_idempotency_keys,
            purge_workers,
        ]
        calls = CallPurge(sessions, storage)
        sweep = StorageSweep(sessions, storage, grace=settings.sweep_grace)
        self.duties = [
            *(Duty(_name_of(purge), settings.purge_every, partial(self._purge, purge)) for purge in purges),
            Duty("purge_audio", settings.purge_every, partial(calls.audio, keep=settings.keep_audio)),
            Duty(
                "purge_transcripts",
                settings.purge_every,
                partial(calls.transcripts, keep=settings.keep_transcripts),
            ),
            Duty("abort_uploads", settings.purge_every, partial(abort_uploads, sessions, storage)),
            Duty("sweep_storage", settings.sweep_every, sweep.step),
        ]

    def run(self, stopped: threading.Event) -> None:
        try:
            while not stopped.is_set():
                stopped.wait(self.round())
        finally:
            self.resign()

    def resign(self) -> None:
        """Let another dispatcher take over."""
        self._leadership.resign()

    def round(self) -> float:
        """One step of each duty that is due, if this process leads; returns the seconds until the next."""
        try:
            if not self._leadership.is_mine():
                return LOOK_EVERY_S
        except DatabaseUnavailable:
            logger.warning("database away")
            return LOOK_EVERY_S
        due = [duty for duty in self.duties if duty.due_at <= self._clock()]
        unfinished = [duty for duty in due if self._advance(duty)]
        return BREATH_S if unfinished else LOOK_EVERY_S

    def _advance(self, duty: Duty) -> bool:
        try:
            has_more = duty.step()
        except TransientError as error:
            logger.warning("upkeep put off", extra={"duty": duty.name, "code": error.code})
            duty.due_at = self._clock() + TRY_AGAIN_S
            return False
        if not has_more:
            duty.due_at = self._clock() + duty.every.total_seconds()
        return has_more

    def _purge(self, purge: Callable[[Session], int]) -> bool:
        with self._sessions.begin() as session:
            return purge(session) > 0


def _name_of(purge: Callable[[Session], int]) -> str:
    function = purge.func if isinstance(purge, partial) else purge
    return function.__name__
