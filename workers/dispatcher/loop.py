"""The dispatcher: woken by Postgres or by its own clock, it reaps, then announces what waits."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from celery import Celery
from kombu.exceptions import OperationalError
from sqlalchemy.orm import Session

from core import broker
from core.database import WORK_CHANNEL, SessionFactory
from core.errors import DatabaseUnavailable
from core.listening import notices
from core.storage import ObjectStorage
from workers import alive
from workers.dispatcher import hints
from workers.dispatcher.hints import Hint
from workers.dispatcher.upkeep import Upkeep
from workers.settings import DispatcherSettings
from workers.upkeep.cancel_batches import cancel_batches
from workers.upkeep.complete_batches import complete_batches
from workers.upkeep.expire_jobs import expire_jobs
from workers.upkeep.fail_deliveries import fail_deliveries
from workers.upkeep.reap_batches import reap_batches
from workers.upkeep.reap_deliveries import reap_deliveries
from workers.upkeep.reap_device_batches import reap_device_batches
from workers.upkeep.reap_jobs import reap_jobs

logger = logging.getLogger(__name__)

MOST_IN_A_QUEUE: Final = 4 * hints.DELIVERIES_AT_ONCE
"""Messages above which nothing is added: who takes none gets no more of the same."""
DUTIES: Sequence[Callable[[Session], int]] = (
    reap_device_batches,
    reap_jobs,
    expire_jobs,
    reap_deliveries,
    fail_deliveries,
    reap_batches,
    cancel_batches,
    complete_batches,
)
"""The quick ones, each a short transaction; dispatcher/upkeep.py has the others."""

REST: Final = 4
"""Times as long as a round took: so a dispatcher takes no more than a fifth of a processor."""
LONGEST_REST_S: Final = 0.02
UPKEEP_GRACE_S: Final = 2.0
"""For its transaction to end when the process does; Postgres undoes what is cut off."""
UPKEEP_RESTART_S: Final = 60.0


class Dispatcher:
    """Safe to run twice: every row it touches is locked, and a doubled hint does no harm."""

    def __init__(self, settings: DispatcherSettings, sessions: SessionFactory, app: Celery) -> None:
        self.settings = settings
        self.sessions = sessions
        self.app = app
        self._stopped = threading.Event()
        self._woken = threading.Event()
        self._reaped_at = 0.0
        self._broker_checked = False
        self._upkeep: threading.Thread | None = None
        self._upkeep_began_at = 0.0

    def run(self) -> None:
        """Until `stop`; a dependency that is away is waited for. Raises `BrokerRefused`."""
        threading.Thread(target=self._listen, name="listener", daemon=True).start()
        while not self._stopped.is_set():
            self._woken.clear()
            self._tend_upkeep()
            begin = time.monotonic()
            try:
                self.tick()
                alive.touch(self.settings.alive_file)
            except DatabaseUnavailable:
                logger.warning("database away")
            # Under load each commit wakes it: a moment later there is more to do in one round.
            self._stopped.wait(min(REST * (time.monotonic() - begin), LONGEST_REST_S))
            self._woken.wait(self.settings.poll_every.total_seconds())
        if self._upkeep is not None:
            self._upkeep.join(UPKEEP_GRACE_S)

    def stop(self) -> None:
        self._stopped.set()
        self._woken.set()

    def _listen(self) -> None:
        url = self.settings.database_url
        for _ in notices(url, WORK_CHANNEL, process="dispatcher", stop=self._stopped):
            self._woken.set()

    def _tend_upkeep(self) -> None:
        """A bug in it must not end the hints: it is started anew, though not at once."""
        if self._upkeep is not None:
            if self._upkeep.is_alive() or time.monotonic() - self._upkeep_began_at < UPKEEP_RESTART_S:
                return
            logger.critical("upkeep ended by a bug, starting it anew")
        self._upkeep_began_at = time.monotonic()
        self._upkeep = threading.Thread(target=self._keep_up, name="upkeep", daemon=True)
        self._upkeep.start()

    def _keep_up(self) -> None:
        Upkeep(self.settings, self.sessions, ObjectStorage(self.settings.storage)).run(self._stopped)

    def tick(self) -> None:
        """One round; raises `DatabaseUnavailable` and, of a broker that is of no use, `BrokerRefused`."""
        if time.monotonic() - self._reaped_at >= self.settings.reap_every.total_seconds():
            self._reaped_at = time.monotonic()
            self._resend_after_a_flush()
            if self._do_duties():
                # There may be more: right after the hints, which must not wait for all of it.
                self._reaped_at = 0.0
                self._woken.set()
        self._announce()

    def _do_duties(self) -> bool:
        """Whether anything was done."""
        done = 0
        for duty in DUTIES:
            with self.sessions.begin() as session:
                done += duty(session)
        return done > 0

    def _announce(self) -> None:
        with self.sessions.begin() as session:
            due = hints.due_hints(session, models=self.settings.models, window=self.settings.hint_window)
        # After the commit: a worker must find what a hint speaks of.
        sent = self._sent(due)
        if sent < len(due):
            with self.sessions.begin() as session:
                hints.forget(session, due[sent:])
            self._stopped.wait(self.settings.poll_every.total_seconds())

    def _sent(self, due: Sequence[Hint]) -> int:
        """How many of them, the first ones, need not be sent again soon."""
        sent = 0
        try:
            lengths = {queue: broker.length(self.app, queue) for queue in {hint.queue for hint in due}}
            for hint in due:
                # Hints that nobody takes are sent again each minute: for days they would only pile up.
                room = 1 if hint.can_wait else MOST_IN_A_QUEUE
                if lengths[hint.queue] < room:
                    broker.publish(self.app, hint.task, hint.subject, queue=hint.queue, summary=hint.summary)
                sent += 1
        except OperationalError:
            logger.warning("broker away")
        return sent

    def _check_broker(self) -> None:
        """Once, as soon as it answers; until then leases are reaped all the same."""
        if not self._broker_checked:
            broker.check_server(self.app)
            self._broker_checked = True

    def _resend_after_a_flush(self) -> None:
        """A broker that came back empty has forgotten every hint: all of them are due again."""
        try:
            self._check_broker()
            emptied = broker.was_emptied(self.app)
        except OperationalError:
            return
        if emptied:
            logger.warning("broker was empty, sending all hints again")
            with self.sessions.begin() as session:
                hints.forget_all(session)
