"""Who waits for a job or a batch to end is woken when it does: one listening thread for the whole process."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, Self, TypeVar

from pydantic import SecretStr

from core.database import JOBS_CHANNEL
from core.listening import notices

Read = TypeVar("Read")

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
        self,
        subject: uuid.UUID,
        read: Callable[[], Awaitable[Read]],
        *,
        is_over: Callable[[Read], bool],
        seconds: float,
    ) -> Read:
        """The job or batch as soon as it is over, or as it stands when the time is."""
        deadline = self._loop.time() + seconds
        with self._bell(subject) as bell:
            while True:
                # Before reading, so that an end that comes while we read still rings.
                bell.clear()
                seen = await read()
                left = deadline - self._loop.time()
                if is_over(seen) or left <= 0 or self._stop.is_set():
                    return seen
                with suppress(TimeoutError):
                    await asyncio.wait_for(bell.wait(), min(left, LOOK_AGAIN))

    @contextmanager
    def _bell(self, subject: uuid.UUID) -> Iterator[asyncio.Event]:
        bell = asyncio.Event()
        bells = self._waiters.setdefault(subject, set())
        bells.add(bell)
        try:
            yield bell
        finally:
            bells.discard(bell)
            if not bells:
                self._waiters.pop(subject, None)

    def _listen(self) -> None:
        for payload in notices(self._database_url, JOBS_CHANNEL, process="api", stop=self._stop):
            self._loop.call_soon_threadsafe(self._wake, payload)

    def _wake(self, payload: str | None) -> None:
        """Those who wait for one job or batch; all of them after a gap in what was heard."""
        if payload is None:
            self._wake_all()
            return
        for bell in self._waiters.get(uuid.UUID(payload), ()):
            bell.set()

    def _wake_all(self) -> None:
        for bells in self._waiters.values():
            for bell in bells:
                bell.set()
