"""One recording of a batch, from the line that named it to the job that was made of it."""

from __future__ import annotations

import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.errors import ServiceError
from models.base import JsonObject, Record, enum_text
from models.states import ITEM_TRANSITIONS, ItemState, step


class BatchItem(Record):
    __tablename__ = "batch_items"
    __table_args__ = (
        CheckConstraint("(state = 'refused') = (error_code IS NOT NULL)", name="error"),
        CheckConstraint("state <> 'admitted' OR job_id IS NOT NULL", name="job"),
        CheckConstraint("state = 'refused' OR custom_id IS NOT NULL", name="custom_id"),
        Index(
            "uq_batch_items_custom_id",
            "batch_id",
            "custom_id",
            unique=True,
            postgresql_where=text("state <> 'refused'"),
        ),
        # Erasure finds the item of a job.
        Index("ix_batch_items_job", "job_id", postgresql_where=text("job_id IS NOT NULL")),
        Index("ix_batch_items_waiting", "batch_id", "number", postgresql_where=text("state = 'waiting'")),
        Index("ix_batch_items_refused", "batch_id", "number", postgresql_where=text("state = 'refused'")),
    )

    batch_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    """1 is the first one that the batch was told of."""
    custom_id: Mapped[str | None]
    """The caller's own name of it, unique among those that were not refused."""
    request: Mapped[JsonObject]
    """Where its audio is and how it is to be transcribed, defaults filled in; empty if that was not told."""
    state: Mapped[ItemState] = mapped_column(enum_text(ItemState, "state_name"), default=ItemState.WAITING)
    job_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("jobs.id"))
    """Its newest job: a retry makes another."""
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]

    def admit(self, job_id: uuid.UUID) -> None:
        self._move_to(ItemState.ADMITTED)
        self.job_id = job_id

    def refuse(self, error: ServiceError) -> None:
        self._move_to(ItemState.REFUSED)
        self.error_code = error.code
        self.error_message = str(error)

    def wait_again(self) -> None:
        """Its job ended without a transcript; there is to be another."""
        self._move_to(ItemState.WAITING)

    def _move_to(self, state: ItemState) -> None:
        self.state = step(ITEM_TRANSITIONS, self.state, state)
