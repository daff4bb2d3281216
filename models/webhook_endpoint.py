"""Where an owner wants to be told of events, and how that address has been behaving."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, false, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Record

MOST_AT_ONCE: Final = 16
"""Deliveries that may be on their way to one endpoint, whatever its owner wishes."""


class DisabledReason(StrEnum):
    OWNER = "owner"
    """Its owner did it."""
    FAILING = "failing"
    """Nothing was taken for days."""
    GONE = "gone"
    """It answered 410."""


class WebhookEndpoint(Record):
    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        CheckConstraint("concurrency BETWEEN 1 AND 16", name="concurrency"),
        CheckConstraint("(disabled_at IS NULL) = (disabled_reason IS NULL)", name="disabled"),
        Index("ix_webhook_endpoints_owner", "owner_id", "created_at", "id"),
        # Jobs that name addresses of one server share its endpoint.
        Index(
            "uq_webhook_endpoints_origin", "owner_id", "url", unique=True, postgresql_where=text("for_jobs")
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("owners.id"))
    url: Mapped[str]
    """Full address; of an endpoint `for_jobs` its origin, `https://host:port`."""
    for_jobs: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Made by jobs that name an address of their own: it hears of those jobs only."""
    description: Mapped[str] = mapped_column(default="")
    event_types: Mapped[list[str]] = mapped_column(ARRAY(Text()), default=list)
    """What it wants to hear of; empty means everything."""
    concurrency: Mapped[int] = mapped_column(default=4)
    """Deliveries that may be on their way to it at once."""

    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None]
    failing_since: Mapped[datetime | None]
    """First failure after the last success."""
    failed_at: Mapped[datetime | None]
    """Last failure."""
    failures: Mapped[int] = mapped_column(default=0)
    """In a row."""
    paused_until: Mapped[datetime | None]
    """Nothing is sent before this: it failed too often in a row, or asked for it by Retry-After."""
    succeeded_at: Mapped[datetime | None]

    def enable(self) -> None:
        """Begin anew, whatever happened before."""
        self.disabled_at = None
        self.disabled_reason = None
        self.forget_failures()

    def disable(self, reason: DisabledReason, *, at: datetime) -> None:
        """Nothing is sent any more; what waits fails: workers/upkeep/fail_deliveries.py."""
        self.disabled_at = at
        self.disabled_reason = reason.value

    def move_to(self, url: str) -> None:
        """What the old address did is not held against the new one."""
        self.url = url
        self.forget_failures()

    def forget_failures(self) -> None:
        self.failing_since = None
        self.failed_at = None
        self.failures = 0
        self.paused_until = None


class WebhookSecret(Record):
    """What deliveries to an endpoint are signed with: the newest, and those that it is replacing."""

    __tablename__ = "webhook_secrets"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    endpoint_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("webhook_endpoints.id", ondelete="CASCADE"), index=True
    )
    secret: Mapped[str]
    """`whsec_` and base64; has to be kept as it is, since signatures are made with it."""
    expires_at: Mapped[datetime | None]
    """Set when it is rotated away: until then both sign."""
