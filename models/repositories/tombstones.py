"""SQL on calls that were erased: what a restored backup must forget again."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.job import Job

PAGE: Final = 1_000


class Tombstones:
    def __init__(self, session: Session) -> None:
        self.session = session

    def job_ids(self, *, since: datetime | None = None) -> Iterator[uuid.UUID]:
        """Of calls that were erased, a page of rows at a time."""
        query = select(Job.id).where(Job.erased_at.is_not(None)).order_by(Job.erased_at, Job.id)
        if since is not None:
            query = query.where(Job.erased_at >= since)
        yield from self.session.scalars(query, execution_options={"yield_per": PAGE})
