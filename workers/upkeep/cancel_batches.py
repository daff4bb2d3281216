"""Jobs of batches that are not wanted any more are ended, some at a time; then the batch is."""

from __future__ import annotations

import logging
from typing import Final

from sqlalchemy.orm import Session

from models.repositories.batch_endings import BatchEndings
from models.repositories.batches import BatchRepository
from models.repositories.endings import Endings

logger = logging.getLogger(__name__)

BATCH: Final = 100


def cancel_batches(session: Session) -> int:
    """How many jobs were ended; fewer than `BATCH` means that none is left."""
    jobs = BatchRepository(session).jobs_to_cancel(limit=BATCH)
    # Owner by owner, in one order: what an end locks of an owner is held until all have ended.
    for job in sorted(jobs, key=lambda job: job.owner_id):
        Endings(session).cancel(job)
    if len(jobs) < BATCH:
        session.flush()
        for batch in BatchRepository(session).canceled(limit=BATCH):
            BatchEndings(session).cancel(batch)
            logger.info("batch canceled", extra={"batch_id": str(batch.id)})
    return len(jobs)
