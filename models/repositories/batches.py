"""SQL on batches: making, leasing their admission, counting, ending."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, func, select, tuple_, update
from sqlalchemy.orm import Session

from core.errors import LeaseLost, NotFound
from models.batch import Batch
from models.batch_item import BatchItem
from models.job import Job
from models.recording import Recording
from models.repositories import clock, notices
from models.repositories.hints import is_due
from models.states import BatchState, ItemState, JobState

PACE_WINDOW: Final = timedelta(minutes=5)
"""Over which the pace of a batch is measured."""

TO_ADMIT: Final = and_(Batch.to_admit, Batch.lease_expires_at.is_(None))
UNFINISHED: Final = and_(Job.batch_id == Batch.id, Job.finished_at.is_(None))


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the items of a batch are."""

    waiting: int
    """Items that are no jobs yet."""
    canceled: int
    """Items that never became jobs."""
    jobs: Counter[JobState]


@dataclass(frozen=True, slots=True)
class Pace:
    """What ended within a while, and what it was."""

    jobs: int
    audio_ms: int
    seconds: float
    """How long that while was; 0 where nothing ended."""


class BatchRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def add(self, batch: Batch) -> Batch:
        self.session.add(batch)
        self.session.flush()
        return batch

    def get(self, batch_id: uuid.UUID, *, owner_id: uuid.UUID) -> Batch:
        """Someone else's batch is as absent as one that never was."""
        batch = self.session.scalar(select(Batch).where(Batch.id == batch_id, Batch.owner_id == owner_id))
        if batch is None:
            raise NotFound(f"No batch {batch_id}.")
        return batch

    def with_key(self, owner_id: uuid.UUID, key: str) -> Batch | None:
        """What was made under this Idempotency-Key."""
        return self.session.scalar(select(Batch).where(Batch.owner_id == owner_id, Batch.key == key))

    def locked(self, batch_id: uuid.UUID, *, owner_id: uuid.UUID) -> Batch:
        """The row, held until commit. Batches are always locked before their jobs."""
        query = select(Batch).where(Batch.id == batch_id, Batch.owner_id == owner_id).with_for_update()
        batch = self.session.scalar(query)
        if batch is None:
            raise NotFound(f"No batch {batch_id}.")
        return batch

    def page(
        self, owner_id: uuid.UUID, *, before: tuple[datetime, uuid.UUID] | None, limit: int
    ) -> Sequence[Batch]:
        """Newest first; `before` is the last row of the page that was read."""
        query = select(Batch).where(Batch.owner_id == owner_id)
        if before is not None:
            query = query.where(tuple_(Batch.created_at, Batch.id) < tuple_(*before))
        return self.session.scalars(
            query.order_by(Batch.created_at.desc(), Batch.id.desc()).limit(limit)
        ).all()

    def claim(self, batch_id: uuid.UUID, *, ttl: timedelta) -> Batch:
        """Lease the admission of its items; where there is none to lease, `LeaseLost`."""
        now = clock.now(self.session)
        query = select(Batch).where(Batch.id == batch_id, TO_ADMIT, Batch.available_at <= now)
        batch = self.session.scalar(query.with_for_update())
        if batch is None:
            raise LeaseLost
        batch.lease(until=now + ttl)
        return batch

    def held(self, batch_id: uuid.UUID, *, attempt: int) -> Batch:
        """The row locked, if this attempt still owns its admission."""
        batch = self.session.scalar(select(Batch).where(Batch.id == batch_id).with_for_update())
        if batch is None or batch.attempt != attempt or batch.lease_expires_at is None:
            raise LeaseLost
        return batch

    def renew(self, batch_id: uuid.UUID, *, attempt: int, ttl: timedelta) -> None:
        """Keep the lease, or learn by `LeaseLost` that it has passed on."""
        query = (
            update(Batch)
            .where(Batch.id == batch_id, Batch.attempt == attempt, Batch.lease_expires_at.is_not(None))
            .values(lease_expires_at=func.clock_timestamp() + ttl)
            .returning(Batch.id)
        )
        if self.session.execute(query).scalar() is None:
            raise LeaseLost

    def expired(self, *, limit: int) -> Sequence[Batch]:
        """Leases that ran out, locked; what another reaper holds is left to it."""
        query = (
            select(Batch)
            .where(Batch.lease_expires_at < func.clock_timestamp())
            .order_by(Batch.lease_expires_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return self.session.scalars(query).all()

    def hint(self, *, window: int) -> list[tuple[uuid.UUID, int]]:
        """Batches whose admission is to be announced, noted as announced: ids, and how often by now."""
        due = (
            select(Batch.id)
            .where(
                TO_ADMIT, Batch.available_at <= func.clock_timestamp(), is_due(Batch.hinted_at, Batch.hints)
            )
            .order_by(Batch.available_at)
            .limit(window)
            .with_for_update(skip_locked=True)
            .cte("due")
        )
        noted = update(Batch).where(Batch.id == due.c.id)
        rows = self.session.execute(
            noted.values(hinted_at=func.clock_timestamp(), hints=Batch.hints + 1).returning(
                Batch.id, Batch.hints
            )
        )
        return [(batch_id, hints) for batch_id, hints in rows]

    def forget_hints(self, batch_ids: Sequence[uuid.UUID]) -> None:
        """What was announced of these never arrived."""
        self.session.execute(update(Batch).where(Batch.id.in_(batch_ids)).values(hinted_at=None, hints=0))

    def forget_all_hints(self) -> None:
        """What was announced and not claimed never arrived."""
        query = update(Batch).where(TO_ADMIT, Batch.hinted_at.is_not(None)).values(hinted_at=None, hints=0)
        self.session.execute(query.execution_options(synchronize_session=False))

    def over(self, *, limit: int) -> Sequence[Batch]:
        """Running batches of which nothing is left to do, locked."""
        return self._ending(BatchState.RUNNING, ~Batch.to_admit, limit=limit)

    def canceled(self, *, limit: int) -> Sequence[Batch]:
        """Batches that are being canceled and have no job left, locked."""
        return self._ending(BatchState.CANCELING, limit=limit)

    def _ending(self, state: BatchState, *conditions: ColumnElement[bool], limit: int) -> Sequence[Batch]:
        query = (
            select(Batch)
            .where(Batch.state == state, *conditions, ~exists().where(UNFINISHED))
            .order_by(Batch.owner_id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return self.session.scalars(query).all()

    def jobs_to_cancel(self, *, limit: int) -> Sequence[Job]:
        """Jobs that a canceled batch still has, locked; what is locked already comes next time."""
        query = (
            select(Job)
            .join(Batch, Batch.id == Job.batch_id)
            .where(Batch.state == BatchState.CANCELING, Job.finished_at.is_(None))
            .limit(limit)
            .with_for_update(of=Job, skip_locked=True)
        )
        return self.session.scalars(query).all()

    def standing(self, batch_id: uuid.UUID) -> Standing:
        jobs = select(Job.state, func.count()).where(Job.batch_id == batch_id).group_by(Job.state)
        items = (
            select(BatchItem.state, func.count())
            .where(
                BatchItem.batch_id == batch_id,
                BatchItem.state.in_([ItemState.WAITING, ItemState.CANCELED]),
            )
            .group_by(BatchItem.state)
        )
        counts = {row[0]: row[1] for row in self.session.execute(items)}
        return Standing(
            waiting=counts.get(ItemState.WAITING, 0),
            canceled=counts.get(ItemState.CANCELED, 0),
            jobs=Counter({row[0]: row[1] for row in self.session.execute(jobs)}),
        )

    def audio_ms(self, batch_id: uuid.UUID) -> tuple[int, int]:
        """Of recordings whose duration is known, and of those that are completed."""
        query = (
            select(
                func.sum(Recording.duration_ms),
                func.sum(Recording.duration_ms).filter(Job.state == JobState.COMPLETED),
            )
            .join(Job, Job.recording_id == Recording.id)
            .where(Job.batch_id == batch_id)
        )
        known, completed = self.session.execute(query).one()
        return int(known or 0), int(completed or 0)

    def pace(self, batch_id: uuid.UUID) -> Pace:
        """Of jobs that ended within `PACE_WINDOW`, from the first one's end until now."""
        now = clock.now(self.session)
        query = (
            select(func.count(), func.sum(Recording.duration_ms), func.min(Job.finished_at))
            .join(Recording, Recording.id == Job.recording_id)
            .where(Job.batch_id == batch_id, Job.finished_at > now - PACE_WINDOW)
        )
        jobs, audio_ms, first = self.session.execute(query).one()
        seconds = (now - first).total_seconds() if first is not None else 0.0
        return Pace(jobs, int(audio_ms or 0), seconds)

    def notify_ended(self, batch: Batch) -> None:
        """Wake whoever waits for it."""
        notices.job_ended(self.session, batch.id)
