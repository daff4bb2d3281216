"""One event on its way to one webhook endpoint, and what came of each attempt."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, false, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Record, enum_text
from models.states import DELIVERY_TRANSITIONS, DeliveryState, step


class Delivery(Record):
    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint("(state = 'leased') = (lease_expires_at IS NOT NULL)", name="lease"),
        CheckConstraint("(state IN ('delivered', 'failed')) = (ended_at IS NOT NULL)", name="ended"),
        # An event is announced once to each endpoint; its owner may have it sent again.
        Index(
            "uq_deliveries_event", "event_id", "endpoint_id", unique=True, postgresql_where=text("NOT replay")
        ),
        Index(
            "ix_deliveries_due",
            "endpoint_id",
            "available_at",
            "id",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_deliveries_leased", "endpoint_id", postgresql_where=text("state = 'leased'")),
        Index("ix_deliveries_lease", "lease_expires_at", postgresql_where=text("state = 'leased'")),
        Index("ix_deliveries_endpoint", "endpoint_id", "created_at", "id"),
        # Events that are purged take their deliveries along.
        Index("ix_deliveries_event", "event_id"),
        Index("ix_deliveries_ended", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    endpoint_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"))
    url: Mapped[str]
    replay: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Asked for by its owner, beside the first one."""

    state: Mapped[DeliveryState] = mapped_column(
        enum_text(DeliveryState, "state_name"), default=DeliveryState.WAITING
    )
    attempt: Mapped[int] = mapped_column(default=0)
    """Counts leases; also the fencing token."""
    lease_expires_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    """Requests that were made and failed: the place in the schedule."""
    available_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    """Not sent before this."""
    hinted_at: Mapped[datetime | None]
    hints: Mapped[int] = mapped_column(default=0)
    ended_at: Mapped[datetime | None]

    def lease(self, *, until: datetime) -> None:
        self._move_to(DeliveryState.LEASED)
        self.attempt += 1
        self.lease_expires_at = until

    def retry(self, *, available_at: datetime) -> None:
        """The receiver did not take it: again later, one place further in the schedule."""
        self._move_to(DeliveryState.WAITING)
        self.tries += 1
        self._let_go(available_at)

    def release(self, *, available_at: datetime) -> None:
        """Its worker was lost or could not send: again, in the same place of the schedule."""
        self._move_to(DeliveryState.WAITING)
        self._let_go(available_at)

    def succeed(self, *, at: datetime) -> None:
        self._end(DeliveryState.DELIVERED, at=at)

    def give_up(self, *, at: datetime) -> None:
        """The receiver did not take it, and is not asked again."""
        self._end(DeliveryState.FAILED, at=at)
        self.tries += 1

    def _let_go(self, available_at: datetime) -> None:
        self.lease_expires_at = None
        self.available_at = available_at
        self.hinted_at = None
        self.hints = 0

    def _end(self, state: DeliveryState, *, at: datetime) -> None:
        self._move_to(state)
        self.lease_expires_at = None
        self.ended_at = at

    def _move_to(self, state: DeliveryState) -> None:
        self.state = step(DELIVERY_TRANSITIONS, self.state, state)


class DeliveryAttempt(Record):
    """One request to a receiver: the log its owner sees. Nothing of a call is in it."""

    __tablename__ = "delivery_attempts"

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("deliveries.id", ondelete="CASCADE"), index=True
    )
    number: Mapped[int]
    """The lease under which it was made: rises within its delivery."""
    started_at: Mapped[datetime]
    latency_ms: Mapped[int]
    status: Mapped[int | None]
    """HTTP status; None if no answer came."""
    error: Mapped[str | None]
    """Stable code of what went wrong; None for 2xx."""
    address: Mapped[str | None]
    """IP address that the name was resolved to."""
    body: Mapped[str | None]
    """First 1,000 bytes of the answer, as text."""
