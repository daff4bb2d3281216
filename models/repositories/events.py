"""SQL on events."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.event import Event


class EventRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def add(self, event: Event) -> None:
        self.session.add(event)

    def of(self, job_id: uuid.UUID) -> Sequence[Event]:
        query = select(Event).where(Event.job_id == job_id).order_by(Event.sequence)
        return self.session.scalars(query).all()
