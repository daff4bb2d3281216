"""What one device does at once."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Record, enum_text
from models.states import DEVICE_BATCH_TRANSITIONS, DeviceBatchState, step


class DeviceBatch(Record):
    __tablename__ = "device_batches"
    __table_args__ = (
        CheckConstraint("(state = 'running') = (lease_expires_at IS NOT NULL)", name="lease"),
        CheckConstraint("(state IN ('done', 'empty', 'lost')) = (ended_at IS NOT NULL)", name="ended"),
        Index(
            "ix_device_batches_live",
            "model",
            "state",
            "hinted_at",
            postgresql_where=text("state IN ('open', 'running')"),
        ),
        Index("ix_device_batches_ended", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    """Also the id of the Celery task that runs it."""
    model: Mapped[str]
    state: Mapped[DeviceBatchState] = mapped_column(
        enum_text(DeviceBatchState, "state_name"), default=DeviceBatchState.OPEN
    )
    attempt: Mapped[int] = mapped_column(default=0)
    lease_expires_at: Mapped[datetime | None]
    worker: Mapped[str | None]
    hinted_at: Mapped[datetime | None]
    hints: Mapped[int] = mapped_column(default=0)
    chunk_count: Mapped[int] = mapped_column(default=0)
    job_count: Mapped[int] = mapped_column(default=0)
    audio_ms: Mapped[int] = mapped_column(default=0)
    fill: Mapped[float] = mapped_column(default=0.0)
    """How much of the worker's budget was used when it was claimed, 0 to 1."""
    backlog: Mapped[bool] = mapped_column(default=False)
    """Whether chunks were still queued after the claim: then `fill` should be near 1."""
    late_count: Mapped[int] = mapped_column(default=0)
    """Hypotheses that came after their lease had passed to another, and were dropped."""
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    def find_nothing(self, *, at: datetime) -> None:
        self._end(DeviceBatchState.EMPTY, at=at)

    def finish(self, *, late_count: int, at: datetime) -> None:
        self.late_count = late_count
        self._end(DeviceBatchState.DONE, at=at)

    def lose(self, *, at: datetime) -> None:
        self._end(DeviceBatchState.LOST, at=at)

    def _end(self, state: DeviceBatchState, *, at: datetime) -> None:
        self._move_to(state)
        self.lease_expires_at = None
        self.ended_at = at

    def _move_to(self, state: DeviceBatchState) -> None:
        self.state = step(DEVICE_BATCH_TRANSITIONS, self.state, state)
