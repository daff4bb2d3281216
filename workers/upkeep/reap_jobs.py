"""Stages whose worker fell silent go back to the queue, or fail after too many of them."""

from __future__ import annotations

import logging
from typing import Final

from sqlalchemy.orm import Session

from models.repositories.endings import Endings
from models.repositories.jobs import JobRepository

logger = logging.getLogger(__name__)

BATCH: Final = 100


def reap_jobs(session: Session) -> int:
    """How many were reaped; fewer than `BATCH` means that none is left."""
    expired = JobRepository(session).expired(limit=BATCH)
    for job in expired:
        Endings(session).survive_crash(job)
        logger.warning("lease expired", extra={"job_id": str(job.id), "state": job.state})
    return len(expired)
