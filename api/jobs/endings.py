"""Who waits for a job to end is woken when it does: one listening thread for the whole process."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, Self

from pydantic import SecretStr

from api.jobs.schemas import JobRead
from core.database import JOBS_CHANNEL
from core.listening import notices
from models.states import FINAL

LOOK_AGAIN: Final = 15.0
"""Seconds after which a waiter looks by itself: an announcement may have been missed."""


class JobEndings:
    """Waiters hold neither a thread nor a connection. Lives on the event loop it is entered in."""

    def __init__(self, database_url: SecretStr) -> None:
        self._database_url = database_url
        self._waiters: dict[uuid.UUID, set[asyncio.Event]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="job-endings", daemon=True)

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.dismiss()
        self._thread.join()

    def dismiss(self) -> None:
        """The process is about to end: who waits answers with what is known."""
        self._stop.set()
        self._wake_all()

    async def wait(
        self, job_id: uuid.UUID, read: Callable[[], Awaitable[JobRead]], *, seconds: float
    ) -> JobRead:
        """The job as soon as it is final, or as it stands when the time is over."""
        deadline = self._loop.time() + seconds
        with self._bell(job_id) as bell:
            while True:
                # Before reading, so that an end that comes while we read still rings.
                bell.clear()
                job = await read()
                left = deadline - self._loop.time()
                if job.status in FINAL or left <= 0 or self._stop.is_set():
                    return job
                with suppress(TimeoutError):
                    await asyncio.wait_for(bell.wait(), min(left, LOOK_AGAIN))

    @contextmanager
    def _bell(self, job_id: uuid.UUID) -> Iterator[asyncio.Event]:
        bell = asyncio.Event()
        bells = self._waiters.setdefault(job_id, set())
        bells.add(bell)
        try:
            yield bell
        finally:
            bells.discard(bell)
            if not bells:
                self._waiters.pop(job_id, None)

    def _listen(self) -> None:
        for payload in notices(self._database_url, JOBS_CHANNEL, process="api", stop=self._stop):
            self._loop.call_soon_threadsafe(self._wake, payload)

    def _wake(self, payload: str | None) -> None:
        """Those who wait for one job; all of them after a gap in what was heard."""
        if payload is None:
            self._wake_all()
            return
        for bell in self._waiters.get(uuid.UUID(payload), ()):
            bell.set()

    def _wake_all(self) -> None:
        for bells in self._waiters.values():
            for bell in bells:
                bell.set()
