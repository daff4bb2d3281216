"""Something that callers want to hear of, written with the change that caused it."""

from __future__ import annotations

import uuid
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import JsonObject, Record, enum_text


class EventType(StrEnum):
    JOB_COMPLETED = "job.completed"
    JOB_FAILED = "job.failed"
    JOB_CANCELED = "job.canceled"


class Event(Record):
    __tablename__ = "events"
    __table_args__ = (
        # A job ends once, so it is announced once.
        Index("uq_events_job", "job_id", unique=True),
        Index("ix_events_owner", "owner_id", "sequence"),
    )

    sequence: Mapped[int] = mapped_column(primary_key=True)
    """Rises with time; what a caller that was away asks from."""
    id: Mapped[uuid.UUID] = mapped_column(default=uuid.uuid4, unique=True)
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("owners.id"))
    job_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("jobs.id"))
    type: Mapped[EventType] = mapped_column(enum_text(EventType, "type_name"))
    payload: Mapped[JsonObject]
    """Thin: ids and states, never text of a call."""
