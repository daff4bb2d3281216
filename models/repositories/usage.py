"""SQL on what an owner has at the moment."""

from __future__ import annotations

import uuid

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.job import Job
from models.recording import BYTES_PER_SECOND, Recording


class UsageRepository:
    """Each figure is one query over the owner's own rows."""

    def __init__(self, session: Session, owner_id: uuid.UUID) -> None:
        self.session = session
        self._unfinished = (Job.owner_id == owner_id, Job.finished_at.is_(None))
        self._stored = (Recording.owner_id == owner_id, Recording.erased_at.is_(None))

    def jobs(self) -> int:
        """Those that are not over."""
        return self.session.execute(select(func.count()).where(*self._unfinished)).scalar_one()

    def audio_seconds(self) -> float:
        """Of the recordings of these."""
        seconds = func.coalesce(Recording.duration_ms / 1000.0, Recording.size_bytes / BYTES_PER_SECOND)
        query = select(func.coalesce(func.sum(seconds), 0))
        query = query.join(Job, Job.recording_id == Recording.id).where(*self._unfinished)
        return float(self.session.execute(query).scalar_one() or 0)

    def stored_bytes(self) -> int:
        """Of all recordings that are not erased, as they came."""
        query = select(func.coalesce(func.sum(Recording.size_bytes), 0)).where(*self._stored)
        return int(self.session.execute(query).scalar_one())
