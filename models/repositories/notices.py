"""NOTIFY: sent when the transaction commits, and only then."""

from __future__ import annotations

import uuid

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.database import JOBS_CHANNEL, WORK_CHANNEL


def work_is_waiting(session: Session) -> None:
    """Wake the dispatcher. A lost notice costs one polling interval, nothing more."""
    session.execute(select(func.pg_notify(WORK_CHANNEL, "")))


def job_ended(session: Session, job_id: uuid.UUID) -> None:
    """Wake whoever waits for this job."""
    session.execute(select(func.pg_notify(JOBS_CHANNEL, str(job_id))))
