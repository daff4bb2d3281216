"""Deleting what nobody asks for any more: the oldest first, so much at a time."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Delete, delete, func, inspect, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.base import Record
from models.chunk import Chunk
from models.device_batch import DeviceBatch
from models.event import Event
from models.idempotency_key import IdempotencyKey
from models.job import Job
from models.prepare_worker import PrepareWorker
from models.upload import Upload
from models.worker import Worker


class Purges:
    """Every method says how much went, at most `limit`. What another holds locked stays until next time.

    Ages are by the statement's time: the clock's changes while it runs, so no index could be asked for it.
    """

    def __init__(self, session: Session) -> None:
        self.session = session

    def chunks(self, *, keep: timedelta, limit: int) -> int:
        """With their hypotheses, of jobs that ended so long ago; counts the jobs."""
        ended = (
            select(Job.id)
            .where(Job.finished_at <= func.statement_timestamp() - keep, Job.cleared_at.is_(None))
            .order_by(Job.finished_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        job_ids = self.session.scalars(ended).all()
        self.session.execute(delete(Chunk).where(Chunk.job_id.in_(job_ids)))
        self.session.execute(update(Job).where(Job.id.in_(job_ids)).values(cleared_at=func.clock_timestamp()))
        return len(job_ids)

    def uploads(self, *, keep: timedelta, limit: int) -> int:
        """Whose time was over so long ago."""
        return self._oldest(Upload, Upload.expires_at, keep=keep, limit=limit)

    def idempotency_keys(self, *, limit: int) -> int:
        """Whose time is over."""
        return self._oldest(IdempotencyKey, IdempotencyKey.expires_at, keep=timedelta(0), limit=limit)

    def workers(self, *, keep: timedelta, limit: int) -> int:
        """That have been silent for so long; those that ended in order took their rows along."""
        devices = self._oldest(Worker, Worker.seen_at, keep=keep, limit=limit)
        return devices + self._oldest(PrepareWorker, PrepareWorker.seen_at, keep=keep, limit=limit)

    def device_batches(self, *, keep: timedelta, limit: int) -> int:
        """That ended so long ago; what runs has no end."""
        return self._oldest(DeviceBatch, DeviceBatch.ended_at, keep=keep, limit=limit)

    def events(self, *, keep: timedelta, limit: int) -> int:
        """That happened so long ago, with their deliveries. Looks at the oldest `limit` and no further."""
        head = select(Event.sequence, Event.created_at).order_by(Event.sequence).limit(limit).cte("head")
        is_old = head.c.created_at <= func.statement_timestamp() - keep
        return self._count(delete(Event).where(Event.sequence == head.c.sequence, is_old))

    def _oldest(
        self,
        table: type[Record],
        moment: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
        *,
        keep: timedelta,
        limit: int,
    ) -> int:
        key = inspect(table).primary_key
        doomed = (
            select(*key)
            .where(moment <= func.statement_timestamp() - keep)
            .order_by(moment)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("doomed")
        )
        return self._count(delete(table).where(*(column == doomed.c[column.name] for column in key)))

    def _count(self, query: Delete) -> int:
        gone = query.returning(func.now()).execution_options(synchronize_session=False)
        return len(self.session.execute(gone).all())
