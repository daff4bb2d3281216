"""Holding the admission of a batch: claimed, renewed, and handed back for the next page."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TypeVar

from sqlalchemy.orm import Session

from core.errors import LeaseLost, TransientError
from core.logging import bound
from models.batch import Batch
from models.repositories import clock, notices
from models.repositories.batches import BatchRepository
from workers.batches.poison import survive_crash
from workers.heartbeat import Heartbeat
from workers.patience import until_database_answers
from workers.process import Process

logger = logging.getLogger(__name__)

Written = TypeVar("Written")


class HeldBatch:
    """A leased admission. `beat` while it moves on; write only through `commit`."""

    def __init__(self, process: Process, batch: Batch, heartbeat: Heartbeat) -> None:
        self.process = process
        self.batch = batch
        """As it stood when it was claimed, detached from any session."""
        self._heartbeat = heartbeat

    def beat(self) -> None:
        """Raises `LeaseLost` once the admission has passed to another."""
        self._heartbeat.beat()

    def commit(self, write: Callable[[Session, Batch], Written]) -> Written:
        """One transaction with the row locked, only if this attempt still owns it.

        Repeated while the database is away: `write` must find out by itself what it has done already.
        """

        def attempt() -> Written:
            with self.process.sessions.begin() as session:
                batch = BatchRepository(session).held(self.batch.id, attempt=self.batch.attempt)
                return write(session, batch)

        return until_database_answers(attempt, within=self.process.settings.lease_ttl)


@contextmanager
def held_batch(process: Process, batch_id: uuid.UUID) -> Iterator[HeldBatch]:
    """Claim a batch and keep its lease; afterwards it is handed back if there is more to admit.

    `LeaseLost` on entry means that the hint was stale or doubled. Inside, a transient error hands it back
    for later, a lost lease ends the work quietly, and a bug counts as a crash.
    """
    settings = process.settings
    with process.sessions.begin() as session:
        batch = BatchRepository(session).claim(batch_id, ttl=settings.lease_ttl)

    def renew() -> None:
        with process.sessions.begin() as session:
            BatchRepository(session).renew(batch.id, attempt=batch.attempt, ttl=settings.lease_ttl)

    heartbeat = Heartbeat(renew, every=settings.heartbeat_every, stall_after=settings.stall_after)
    held = HeldBatch(process, batch, heartbeat)
    with bound(batch_id=str(batch.id), attempt=str(batch.attempt)):
        try:
            with heartbeat:
                yield held
            _hand_back(held, pause=timedelta(0))
        except LeaseLost:
            logger.info("batch passed on")
        except TransientError as error:
            logger.warning("batch handed back", extra={"code": error.code})
            _give_up(lambda: _hand_back(held, pause=settings.retry_pause))
        except BaseException:
            _give_up(lambda: held.commit(survive_crash))
            raise


def _hand_back(held: HeldBatch, *, pause: timedelta) -> None:
    def write(session: Session, batch: Batch) -> None:
        batch.crash_count = 0
        if batch.to_admit:
            batch.release(available_at=clock.now(session) + pause)
            notices.work_is_waiting(session)

    # Whose last page is admitted has no lease any more.
    with suppress(LeaseLost):
        held.commit(write)


def _give_up(write: Callable[[], None]) -> None:
    try:
        write()
    except (LeaseLost, TransientError) as error:
        # Then the lease runs out and the reaper does it.
        logger.warning("batch not handed back", extra={"code": error.code})
