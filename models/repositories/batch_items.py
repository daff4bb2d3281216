"""SQL on the items of batches."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Select, func, select, true, update
from sqlalchemy.orm import Session

from models.batch import Batch
from models.batch_item import BatchItem
from models.call_rows import Call
from models.job import Job
from models.recording import Recording
from models.states import ItemState, JobState
from models.transcript import Transcript


def _completed(batch_id: uuid.UUID) -> Select[BatchItem, Job, Recording, Transcript]:
    return (
        select(BatchItem, Job, Recording, Transcript)
        .join(Job, Job.id == BatchItem.job_id)
        .join(Recording, Recording.id == Job.recording_id)
        .join(Transcript, Transcript.job_id == Job.id)
        .where(BatchItem.batch_id == batch_id)
    )


class BatchItemRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def known(self, batch_id: uuid.UUID, custom_ids: Collection[str]) -> set[str]:
        """Which of these the batch has already."""
        query = select(BatchItem.custom_id).where(
            BatchItem.batch_id == batch_id,
            BatchItem.custom_id.in_(custom_ids),
            BatchItem.state != ItemState.REFUSED,
        )
        return {custom_id for custom_id in self.session.scalars(query) if custom_id is not None}

    def told(self, batch_id: uuid.UUID, custom_ids: Collection[str]) -> set[str]:
        """Of which of these the batch tells already, be it that they were refused."""
        query = select(BatchItem.custom_id).where(
            BatchItem.batch_id == batch_id, BatchItem.custom_id.in_(custom_ids)
        )
        return {custom_id for custom_id in self.session.scalars(query) if custom_id is not None}

    def add(self, batch: Batch, items: Iterable[BatchItem]) -> None:
        """Numbered in this order; the batch's row is locked."""
        for item in items:
            batch.items_total += 1
            item.batch_id, item.number = batch.id, batch.items_total
            batch.items_refused += item.state is ItemState.REFUSED
            self.session.add(item)
        self.session.flush()

    def waiting(self, batch_id: uuid.UUID, *, limit: int) -> Sequence[BatchItem]:
        """The next ones that are to be made jobs."""
        query = select(BatchItem).where(BatchItem.batch_id == batch_id, BatchItem.state == ItemState.WAITING)
        return self.session.scalars(query.order_by(BatchItem.number).limit(limit)).all()

    def still_waiting(self, batch_id: uuid.UUID, numbers: Collection[int]) -> Sequence[BatchItem]:
        """Those of them that are not jobs yet, in order."""
        query = select(BatchItem).where(
            BatchItem.batch_id == batch_id,
            BatchItem.number.in_(numbers),
            BatchItem.state == ItemState.WAITING,
        )
        return self.session.scalars(query.order_by(BatchItem.number)).all()

    def cancel_waiting(self, batch_id: uuid.UUID) -> None:
        self.session.execute(
            update(BatchItem)
            .where(BatchItem.batch_id == batch_id, BatchItem.state == ItemState.WAITING)
            .values(state=ItemState.CANCELED)
        )

    def to_retry(self, batch_id: uuid.UUID, *, limit: int) -> Sequence[tuple[BatchItem, Job]]:
        """Items whose job ended without a transcript, though nobody canceled it; jobs are locked."""
        query = (
            select(BatchItem, Job)
            .join(Job, Job.id == BatchItem.job_id)
            .where(
                BatchItem.batch_id == batch_id,
                Job.batch_id == batch_id,
                Job.state.in_([JobState.FAILED, JobState.EXPIRED]),
                Job.erased_at.is_(None),
                BatchItem.state == ItemState.ADMITTED,
            )
            .order_by(BatchItem.number)
            .limit(limit)
            .with_for_update(of=Job)
        )
        return [(item, job) for item, job in self.session.execute(query)]

    def page(
        self,
        batch_id: uuid.UUID,
        *,
        after: int,
        limit: int,
        states: Collection[ItemState] = (),
        job_states: Collection[JobState] = (),
    ) -> Sequence[tuple[BatchItem, Job | None, Recording | None]]:
        """In order; if states of either kind are given, only items in one of all of them."""
        query = (
            select(BatchItem, Job, Recording)
            .outerjoin(Job, Job.id == BatchItem.job_id)
            .outerjoin(Recording, Recording.id == Job.recording_id)
            .where(BatchItem.batch_id == batch_id, BatchItem.number > after)
        )
        if states or job_states:
            of_job = (BatchItem.state == ItemState.ADMITTED) & Job.state.in_(list(job_states))
            query = query.where(BatchItem.state.in_(list(states)) | of_job)
        rows = self.session.execute(query.order_by(BatchItem.number).limit(limit))
        return [(item, job, recording) for item, job, recording in rows]

    def completed(self, batch_id: uuid.UUID, *, after: int, limit: int) -> Sequence[Call]:
        """In order, those that have a transcript."""
        query = _completed(batch_id).where(BatchItem.number > after).order_by(BatchItem.number)
        return [Call._make(row) for row in self.session.execute(query.limit(limit))]

    def least_trusted(self, batch_id: uuid.UUID, *, limit: int) -> Sequence[Call]:
        """Completed ones, worst first; what says nothing of trust comes last."""
        query = _completed(batch_id).order_by(Transcript.trust.asc().nulls_last(), BatchItem.number)
        return [Call._make(row) for row in self.session.execute(query.limit(limit))]

    def metadata_keys(self, batch_id: uuid.UUID, *, limit: int) -> Sequence[str]:
        """What callers wrote about their calls, by name; the first ones in order."""
        keys = (
            select(func.jsonb_object_keys(Job.details).label("key"))
            .where(Job.batch_id == batch_id)
            .distinct()
            .subquery()
        )
        return self.session.scalars(select(keys.c.key).order_by(keys.c.key).limit(limit)).all()

    def roles(self, batch_id: uuid.UUID) -> Sequence[str]:
        """Who speaks on the channels of its calls, as callers say; in order."""
        each = func.jsonb_each_text(Job.roles).table_valued("key", "value").lateral("each")
        query = select(each.c.value).select_from(Job).join(each, true()).where(Job.batch_id == batch_id)
        return self.session.scalars(query.distinct().order_by(each.c.value)).all()

    def forget(self, job_id: uuid.UUID) -> None:
        """What its caller wrote of an item whose job is erased; that there was one stays."""
        self.session.execute(
            update(BatchItem)
            .where(BatchItem.job_id == job_id)
            .values(request={}, custom_id=f"erased {job_id}")
            .execution_options(synchronize_session=False)
        )
