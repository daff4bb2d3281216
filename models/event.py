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
    JOB_EXPIRED = "job.expired"
    BATCH_COMPLETED = "batch.completed"
    """Every item of it is over; again if some were tried again."""
    BATCH_CANCELED = "batch.canceled"
    WEBHOOK_DISABLED = "webhook.disabled"
    """Nothing is sent to that endpoint any more, until its owner enables it again."""
    WEBHOOK_TEST = "webhook.test"
    """Its owner wanted to see that it works."""


class Event(Record):
    __tablename__ = "events"
    __table_args__ = (
        # A job ends once, so it is announced once.
        Index("uq_events_job", "job_id", unique=True),
        Index("ix_events_owner", "owner_id", "sequence"),
    )

    sequence: Mapped[int] = mapped_column(primary_key=True)
    """Rises with each event, for one owner in the order of commits: models/repositories/events.py."""
    id: Mapped[uuid.UUID] = mapped_column(default=uuid.uuid4, unique=True)
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("owners.id"))
    job_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("jobs.id"))
    batch_id: Mapped[uuid.UUID | None]
    """The batch that it is about, or that the job belongs to."""
    endpoint_id: Mapped[uuid.UUID | None]
    """Of the webhook that it is about; that may be gone by now."""
    type: Mapped[EventType] = mapped_column(enum_text(EventType, "type_name"))
    payload: Mapped[JsonObject]
    """Thin: ids and states, never text of a call."""
