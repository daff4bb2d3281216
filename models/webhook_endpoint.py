"""Where an owner wants to be told of events, and how that address has been behaving."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, false, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Record


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
