"""Holding one stage of a job: claimed, renewed, and after an error handed back or ended."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, TypeVar

from sqlalchemy.orm import Session

from core.errors import LeaseLost, PermanentError, TransientError
from core.logging import bound
from models import Job, JobStage
from models.repositories import clock
from models.repositories.endings import Endings
from models.repositories.jobs import JobRepository
from workers.heartbeat import Heartbeat
from workers.patience import until_database_answers
from workers.process import Process

logger = logging.getLogger(__name__)

Written = TypeVar("Written")

LONGEST_PAUSE: Final = timedelta(minutes=1)


class HeldStage:
    """A leased stage. `beat` while it moves on; write only through `commit`."""

    def __init__(self, process: Process, job: Job, heartbeat: Heartbeat) -> None:
        self.process = process
        self.job = job
        """As it stood when it was claimed, detached from any session."""
        self.heartbeat = heartbeat

    def beat(self) -> None:
        """Raises `LeaseLost` once the stage has passed to another."""
        self.heartbeat.beat()

    def commit(self, write: Callable[[Session, Job], Written]) -> Written:
        """One transaction with the row locked, only if this attempt still owns the stage.

        Repeated while the database is away. A repetition after a commit whose answer was lost
        finds the lease gone and ends as `LeaseLost`.
        """

        def attempt() -> Written:
            with self.process.sessions.begin() as session:
                job = JobRepository(session).held(self.job.id, attempt=self.job.attempt)
                return write(session, job)

        return until_database_answers(attempt, within=self.process.settings.lease_ttl)


@contextmanager
def held_stage(process: Process, job_id: uuid.UUID, stage: JobStage) -> Iterator[HeldStage]:
    """Claim a stage and keep its lease. `LeaseLost` on entry means that the hint was stale or doubled.

    Inside, a permanent error fails the job, a transient one hands it back for later, and a lost
    lease ends the work quietly. A bug hands it back too, and counts as a crash.
    """
    ttl = process.settings.lease_ttl
    with process.sessions.begin() as session:
        job = JobRepository(session).claim(job_id, stage, ttl=ttl)
    held = HeldStage(process, job, _heartbeat(process, job))
    with bound(job_id=str(job.id), attempt=str(job.attempt)):
        try:
            with held.heartbeat:
                yield held
        except LeaseLost:
            logger.info("stage passed on", extra={"stage": stage})
        except PermanentError as error:
            logger.info("job failed", extra={"stage": stage, "code": error.code})
            _give_up(held, _failing_with(error))
        except TransientError as error:
            logger.warning("stage handed back", extra={"stage": stage, "code": error.code})
            _give_up(held, _release_for_later(process.settings.retry_pause))
        except BaseException:
            _give_up(held, lambda session, row: Endings(session).survive_crash(row))
            raise


def _heartbeat(process: Process, job: Job) -> Heartbeat:
    def renew() -> None:
        with process.sessions.begin() as session:
            JobRepository(session).renew(job.id, attempt=job.attempt, ttl=process.settings.lease_ttl)

    return Heartbeat(renew, every=process.settings.heartbeat_every, stall_after=process.settings.stall_after)


def _failing_with(error: PermanentError) -> Callable[[Session, Job], None]:
    return lambda session, job: Endings(session).fail(job, error)


def _release_for_later(first_pause: timedelta) -> Callable[[Session, Job], None]:
    def release(session: Session, job: Job) -> None:
        pause = min(first_pause * 2 ** min(job.retry_count, 10), LONGEST_PAUSE)
        job.release(available_at=clock.now(session) + pause)

    return release


def _give_up(held: HeldStage, write: Callable[[Session, Job], None]) -> None:
    try:
        held.commit(write)
    except (LeaseLost, TransientError) as error:
        # Then the lease runs out and the reaper does it.
        logger.warning("stage not handed back", extra={"code": error.code})
