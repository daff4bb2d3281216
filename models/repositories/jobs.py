"""SQL on jobs: submitting, claiming a stage, holding it, and reading."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_, update
from sqlalchemy.orm import Session

from core.errors import LeaseLost, NotFound
from models.job import Job
from models.repositories import clock, notices
from models.repositories.fairness import FairnessRepository, preparation_queue
from models.repositories.literals import constant
from models.states import JobStage, JobState


def waits_for(stage: JobStage) -> ColumnElement[bool]:
    """To be claimed by whoever does this stage; told in the words of the partial indexes."""
    waiting = and_(
        Job.state == constant(JobState.PROCESSING),
        Job.stage == constant(stage),
        Job.lease_expires_at.is_(None),
    )
    return or_(Job.state == constant(JobState.QUEUED), waiting) if stage is JobStage.PREPARING else waiting


class JobRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def add(self, job: Job, *, expected_seconds: float) -> Job:
        """Queue a job in its owner's fair place. The duration is a guess until it is decoded."""
        queue = preparation_queue(job.lane)
        tags = FairnessRepository(self.session).tags(queue, owner_id=job.owner_id, costs=[expected_seconds])
        job.vft = tags[0]
        self.session.add(job)
        self.session.flush()
        notices.work_is_waiting(self.session)
        return job

    def get(self, job_id: uuid.UUID, *, owner_id: uuid.UUID) -> Job:
        """Someone else's job is as absent as one that never was."""
        job = self.session.scalar(select(Job).where(Job.id == job_id, Job.owner_id == owner_id))
        if job is None:
            raise NotFound(f"No job {job_id}.")
        return job

    def locked(self, job_id: uuid.UUID, *, owner_id: uuid.UUID | None = None) -> Job:
        """The row, held until commit. Jobs are always locked before their chunks."""
        query = select(Job).where(Job.id == job_id).with_for_update()
        if owner_id is not None:
            query = query.where(Job.owner_id == owner_id)
        job = self.session.scalar(query)
        if job is None:
            raise NotFound(f"No job {job_id}.")
        return job

    def by_id(self, job_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Job]:
        query = select(Job).where(Job.id.in_(list(job_ids)))
        return {job.id: job for job in self.session.scalars(query)}

    def locked_all(self, job_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Job]:
        """Rows held until commit, locked in one order everywhere so that nobody deadlocks."""
        query = select(Job).where(Job.id.in_(set(job_ids))).order_by(Job.id).with_for_update()
        return {job.id: job for job in self.session.scalars(query)}

    def page(
        self,
        owner_id: uuid.UUID,
        *,
        states: Sequence[JobState],
        before: tuple[datetime, uuid.UUID] | None,
        limit: int,
    ) -> Sequence[Job]:
        """Newest first; `before` is the last row of the page that was read."""
        query = select(Job).where(Job.owner_id == owner_id, Job.erased_at.is_(None))
        if states:
            query = query.where(Job.state.in_(states))
        if before is not None:
            query = query.where(tuple_(Job.created_at, Job.id) < tuple_(*before))
        query = query.order_by(Job.created_at.desc(), Job.id.desc()).limit(limit)
        return self.session.scalars(query).all()

    def claim(self, job_id: uuid.UUID, stage: JobStage, *, ttl: timedelta) -> Job:
        """Lease a stage that waits; one that is taken, over or gone is `LeaseLost`.

        Waits for whoever holds the row, which is a matter of milliseconds: to pass it over would be
        to lose the hint that brought us here.
        """
        now = clock.now(self.session)
        query = select(Job).where(Job.id == job_id, waits_for(stage), Job.available_at <= now)
        job = self.session.scalar(query.with_for_update())
        if job is None:
            raise LeaseLost
        job.lease(stage, now=now, until=now + ttl)
        if stage is JobStage.PREPARING:
            FairnessRepository(self.session).advance(preparation_queue(job.lane), job.vft)
        return job

    def renew(self, job_id: uuid.UUID, *, attempt: int, ttl: timedelta) -> None:
        """Keep the lease, or learn by `LeaseLost` that it has passed on."""
        query = (
            update(Job)
            .where(Job.id == job_id, Job.attempt == attempt, Job.lease_expires_at.is_not(None))
            .values(lease_expires_at=func.clock_timestamp() + ttl)
            .returning(Job.id)
        )
        if self.session.execute(query).scalar() is None:
            raise LeaseLost

    def held(self, job_id: uuid.UUID, *, attempt: int) -> Job:
        """The row locked for the final write of a stage, if this attempt still owns it."""
        query = select(Job).where(Job.id == job_id).with_for_update()
        job = self.session.scalar(query)
        if job is None or job.attempt != attempt or job.lease_expires_at is None:
            raise LeaseLost
        return job

    def expired(self, *, limit: int) -> Sequence[Job]:
        """Leases that ran out, locked; what another reaper holds is left to it."""
        query = (
            select(Job)
            .where(Job.lease_expires_at < func.clock_timestamp())
            .order_by(Job.lease_expires_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return self.session.scalars(query).all()

    def overdue(self, *, limit: int) -> Sequence[Job]:
        """Jobs whose deadline passed before they ended, locked; what is locked already comes next time."""
        query = (
            select(Job)
            .where(Job.expires_at <= func.clock_timestamp(), Job.finished_at.is_(None))
            .order_by(Job.expires_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return self.session.scalars(query).all()

    def forget_hints(self, job_ids: Sequence[uuid.UUID]) -> None:
        """What was announced of these never arrived."""
        self.session.execute(update(Job).where(Job.id.in_(job_ids)).values(hinted_at=None, hints=0))

    def forget_all_hints(self) -> None:
        """What was announced and not claimed never arrived."""
        waiting = or_(waits_for(JobStage.PREPARING), waits_for(JobStage.FINISHING))
        query = update(Job).where(waiting, Job.hinted_at.is_not(None)).values(hinted_at=None, hints=0)
        self.session.execute(query.execution_options(synchronize_session=False))
