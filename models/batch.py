"""A caller's group of recordings: handed over together, watched together, read together."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, false, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.errors import Conflict, ServiceError
from models.base import JsonObject, Record, enum_text
from models.states import BATCH_TRANSITIONS, BatchState, step


class SourceKind(StrEnum):
    """Where items are read from that did not come in the request."""

    MANIFEST = "manifest"
    PREFIX = "prefix"
    ZIP = "zip"


class Batch(Record):
    __tablename__ = "batches"
    __table_args__ = (
        CheckConstraint("(state IN ('completed', 'canceled')) = (finished_at IS NOT NULL)", name="final"),
        CheckConstraint("(state = 'open') = (closed_at IS NULL)", name="closed"),
        CheckConstraint("items_refused BETWEEN 0 AND items_total", name="items"),
        Index("ix_batches_owner", "owner_id", "created_at", "id"),
        Index("uq_batches_key", "owner_id", "key", unique=True, postgresql_where=text("key IS NOT NULL")),
        Index(
            "ix_batches_to_admit",
            "available_at",
            postgresql_where=text("to_admit AND lease_expires_at IS NULL"),
        ),
        Index("ix_batches_lease", "lease_expires_at", postgresql_where=text("lease_expires_at IS NOT NULL")),
        Index("ix_batches_ending", "id", postgresql_where=text("state IN ('running', 'canceling')")),
        # Tells the sweep of storage which manifests and archives are still to be read.
        Index("ix_batches_source_key", "source_key", postgresql_where=text("to_admit")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("owners.id"))
    key: Mapped[str | None]
    """The Idempotency-Key of the request that made it: sent again, it makes no other."""
    fingerprint: Mapped[bytes | None] = mapped_column(LargeBinary)
    """SHA-256 over that request."""
    name: Mapped[str | None]
    details: Mapped[JsonObject] = mapped_column(default=dict)
    """The caller's own metadata of the batch, handed back untouched."""
    defaults: Mapped[JsonObject] = mapped_column(default=dict)
    """Options of every item that does not say otherwise, as they were given."""

    source: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    """What further items are read from: `{"type": "manifest", "format": "csv"}`."""
    source_key: Mapped[str | None]
    """The object that it lies in."""
    source_place: Mapped[JsonObject] = mapped_column(default=dict)
    """Where its reader goes on; empty at the beginning."""
    source_read: Mapped[bool] = mapped_column(default=True)
    """Nothing more will come of it."""

    state: Mapped[BatchState] = mapped_column(enum_text(BatchState, "state_name"), default=BatchState.OPEN)
    items_total: Mapped[int] = mapped_column(default=0)
    items_refused: Mapped[int] = mapped_column(default=0)
    to_admit: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Items wait to be made jobs, or to be read."""
    attempt: Mapped[int] = mapped_column(default=0)
    """Counts leases of its admission; also the fencing token."""
    lease_expires_at: Mapped[datetime | None]
    crash_count: Mapped[int] = mapped_column(default=0)
    """Leases in a row that ended because the worker fell silent or broke."""
    available_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    hinted_at: Mapped[datetime | None]
    hints: Mapped[int] = mapped_column(default=0)

    error_code: Mapped[str | None]
    """Why its source could not be read to its end."""
    error_message: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    @property
    def is_final(self) -> bool:
        return self.finished_at is not None

    def check_open(self) -> None:
        if self.state is not BatchState.OPEN:
            raise Conflict(f"A {self.state} batch takes no more items.")

    def expect_admission(self) -> None:
        """There is something to be made jobs."""
        self.to_admit = True
        self.crash_count = 0
        self.forget_hints()

    def close(self, *, at: datetime) -> None:
        self._move_to(BatchState.RUNNING)
        self.closed_at = at

    def complete(self, *, at: datetime) -> None:
        self._move_to(BatchState.COMPLETED)
        self.finished_at = at

    def resume(self) -> None:
        """Some of its items are tried again."""
        if self.state is BatchState.COMPLETED:
            self._move_to(BatchState.RUNNING)
            self.finished_at = None

    def begin_cancel(self, *, at: datetime) -> None:
        """Whoever admits its items loses them."""
        self._move_to(BatchState.CANCELING)
        self.closed_at = self.closed_at or at
        self.source_read = True
        self.to_admit = False
        self.lease_expires_at = None

    def cancel(self, *, at: datetime) -> None:
        self._move_to(BatchState.CANCELED)
        self.finished_at = at

    def lease(self, *, until: datetime) -> None:
        self.attempt += 1
        self.lease_expires_at = until

    def release(self, *, available_at: datetime) -> None:
        """Handed back: there is more to admit, now or later."""
        self.lease_expires_at = None
        self.available_at = available_at
        self.forget_hints()

    def crash(self) -> None:
        self.lease_expires_at = None
        self.crash_count += 1
        self.forget_hints()

    def finish_admission(self) -> None:
        self.to_admit = False
        self.lease_expires_at = None

    def give_up_source(self, error: ServiceError) -> None:
        """Nothing more can be read of it; what was read stays."""
        self.source_read = True
        self.error_code = error.code
        self.error_message = str(error)

    def forget_hints(self) -> None:
        self.hinted_at = None
        self.hints = 0

    def _move_to(self, state: BatchState) -> None:
        self.state = step(BATCH_TRANSITIONS, self.state, state)
