"""Jobs whose deadline passed end as expired, wherever they stand; their work is dropped."""

from __future__ import annotations

import logging
from typing import Final

from sqlalchemy.orm import Session

from models.repositories.endings import Endings
from models.repositories.jobs import JobRepository

logger = logging.getLogger(__name__)

BATCH: Final = 100


def expire_jobs(session: Session) -> int:
    """How many were ended; fewer than `BATCH` means that none is left."""
    overdue = JobRepository(session).overdue(limit=BATCH)
    # Owner by owner, in one order: what an end locks of an owner is held until all have ended.
    for job in sorted(overdue, key=lambda job: job.owner_id):
        Endings(session).expire(job)
        logger.info("job expired", extra={"job_id": str(job.id)})
    return len(overdue)
