"""What becomes of a batch whose admission takes workers down."""

from __future__ import annotations

from sqlalchemy.orm import Session

from core.errors import WorkerLost
from models.batch import Batch
from models.job import CRASH_LIMIT
from models.repositories import notices
from models.repositories.batch_items import BatchItemRepository


def survive_crash(session: Session, batch: Batch) -> None:
    """The worker fell silent or broke: somebody else goes on, but not for ever in the same place.

    After `CRASH_LIMIT` times in a row its source is given up, or if that was read, the item that is next.
    """
    batch.crash()
    if batch.crash_count >= CRASH_LIMIT:
        batch.crash_count = 0
        if batch.source_read:
            for item in BatchItemRepository(session).waiting(batch.id, limit=1):
                item.refuse(WorkerLost())
                batch.items_refused += 1
        else:
            batch.give_up_source(WorkerLost())
    notices.work_is_waiting(session)
