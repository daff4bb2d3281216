"""What can be done with batches. Every function is one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

from sqlalchemy.orm import Session

from api import paging
from api.acting import note
from api.batches.presentation import present, present_for_review, present_item
from api.batches.schemas import (
    BatchPage,
    BatchQuery,
    BatchRead,
    ItemPage,
    ItemQuery,
    ItemRefusal,
    ItemsAdded,
    Review,
    ReviewQuery,
)
from core.errors import Conflict
from models.audit_entry import AuditAction
from models.batch import Batch
from models.batch_item import BatchItem
from models.repositories import clock, notices
from models.repositories.batch_items import BatchItemRepository
from models.repositories.batches import BatchRepository
from models.states import BatchState, ItemState, JobState
from submission.batches.adding import add_items

RETRIES_AT_ONCE: Final = 1_000
"""Items that are locked and changed at a time."""


def read(session: Session, batch_id: uuid.UUID, *, owner_id: uuid.UUID) -> BatchRead:
    return presented(session, BatchRepository(session).get(batch_id, owner_id=owner_id))


def presented(session: Session, batch: Batch) -> BatchRead:
    return _presented(session, batch, audio_ms=BatchRepository(session).audio_ms(batch.id))


def _presented(session: Session, batch: Batch, *, audio_ms: tuple[int, int] | None) -> BatchRead:
    batches = BatchRepository(session)
    return present(batch, batches.standing(batch.id), batches.pace(batch.id), audio_ms)


def page(session: Session, query: BatchQuery, *, owner_id: uuid.UUID) -> BatchPage:
    before = paging.place_of(query.cursor) if query.cursor else None
    # One more than asked for tells whether there is another page.
    found = BatchRepository(session).page(owner_id, before=before, limit=query.limit + 1)
    shown = found[: query.limit]
    has_more = len(found) > len(shown)
    return BatchPage(
        data=[_presented(session, batch, audio_ms=None) for batch in shown],
        has_more=has_more,
        next_cursor=paging.cursor_after(shown[-1].created_at, shown[-1].id) if has_more else None,
    )


def add(session: Session, batch_id: uuid.UUID, given: Sequence[object], *, owner_id: uuid.UUID) -> ItemsAdded:
    """Raises `Conflict` for a batch that is closed."""
    batch = BatchRepository(session).locked(batch_id, owner_id=owner_id)
    batch.check_open()
    note(session, AuditAction.BATCH_ITEMS_ADDED, batch.id)
    return _told(add_items(session, batch, given, is_repeatable=True))


def _told(items: Sequence[BatchItem]) -> ItemsAdded:
    refused = [
        ItemRefusal(
            index=index, custom_id=item.custom_id, code=item.error_code, message=item.error_message or ""
        )
        for index, item in enumerate(items)
        if item.error_code is not None
    ]
    return ItemsAdded(accepted=len(items) - len(refused), refused=refused)


def close(session: Session, batch_id: uuid.UUID, *, owner_id: uuid.UUID) -> BatchRead:
    """Idempotent; a canceled batch stays so."""
    batch = BatchRepository(session).locked(batch_id, owner_id=owner_id)
    if batch.state is BatchState.OPEN:
        batch.close(at=clock.now(session))
        note(session, AuditAction.BATCH_CLOSED, batch.id)
    return presented(session, batch)


def cancel(session: Session, batch_id: uuid.UUID, *, owner_id: uuid.UUID) -> BatchRead:
    """Idempotent; its jobs end a moment later. `Conflict` for one that is completed."""
    batch = BatchRepository(session).locked(batch_id, owner_id=owner_id)
    if batch.state not in (BatchState.CANCELING, BatchState.CANCELED):
        batch.begin_cancel(at=clock.now(session))
        note(session, AuditAction.BATCH_CANCELED, batch.id)
        BatchItemRepository(session).cancel_waiting(batch.id)
        notices.work_is_waiting(session)
    return presented(session, batch)


def retry_failed(session: Session, batch_id: uuid.UUID, *, owner_id: uuid.UUID) -> BatchRead:
    """Failed and expired items become jobs anew, on copies of their recordings. Idempotent."""
    batch = BatchRepository(session).locked(batch_id, owner_id=owner_id)
    if batch.state in (BatchState.CANCELING, BatchState.CANCELED):
        raise Conflict(f"A {batch.state} batch is not tried again.")
    items = BatchItemRepository(session)
    retried = 0
    while found := items.to_retry(batch.id, limit=RETRIES_AT_ONCE):
        for item, job in found:
            item.wait_again()
            # From now on it answers no item; the one that is made of it does.
            job.batch_id = None
        session.flush()
        retried += len(found)
    if retried:
        note(session, AuditAction.BATCH_RETRIED, batch.id)
        batch.resume()
        batch.expect_admission()
        notices.work_is_waiting(session)
    return presented(session, batch)


def items(session: Session, batch_id: uuid.UUID, query: ItemQuery, *, owner_id: uuid.UUID) -> ItemPage:
    batch = BatchRepository(session).get(batch_id, owner_id=owner_id)
    wanted = [str(each) for each in query.status]
    found = BatchItemRepository(session).page(
        batch.id,
        after=paging.number_of(query.cursor) if query.cursor else 0,
        limit=query.limit + 1,
        states=[state for state in ItemState if state in wanted],
        job_states=[state for state in JobState if state in wanted],
    )
    shown = found[: query.limit]
    has_more = len(found) > len(shown)
    return ItemPage(
        data=[present_item(*row) for row in shown],
        has_more=has_more,
        next_cursor=paging.cursor_at(shown[-1][0].number) if has_more else None,
    )


def review(session: Session, batch_id: uuid.UUID, query: ReviewQuery, *, owner_id: uuid.UUID) -> Review:
    batch = BatchRepository(session).get(batch_id, owner_id=owner_id)
    note(session, AuditAction.BATCH_REVIEWED, batch.id)
    calls = BatchItemRepository(session).least_trusted(batch.id, limit=query.limit)
    return Review(data=[present_for_review(call) for call in calls])


def note_reading(session: Session, batch_id: uuid.UUID, *, owner_id: uuid.UUID) -> None:
    """All its texts are about to be read. After the first line no `NotFound` could be told: it comes here."""
    batch = BatchRepository(session).get(batch_id, owner_id=owner_id)
    note(session, AuditAction.BATCH_RESULTS_READ, batch.id)
