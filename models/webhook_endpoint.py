"""Where an owner wants to be told of events, and how that address has been behaving."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, false, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Record

MOST_AT_ONCE: Final = 16
"""Deliveries that may be on their way to one endpoint, whatever its owner wishes."""

FAILURES_BEFORE_PAUSE: Final = 5
"""In a row. One more than may be on their way at once by default: a receiver that drops what it has in
hand when it restarts is not paused for it."""
FIRST_PAUSE: Final = timedelta(seconds=30)
"""About as long as a restart takes. Doubles with each attempt that then fails, ..."""
LONGEST_PAUSE: Final = timedelta(minutes=5)
"""... up to this: a receiver that hangs then costs a worker's thread 30 of 330 s, and one that is back
is noticed within it."""


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

    def room(self, *, leased: int, now: datetime) -> int:
        """Deliveries that may be begun when so many are on their way.

        After a failure one at a time is tried, until one succeeds: what hangs keeps few threads busy.
        The dispatcher asks the same in SQL: models/repositories/deliveries.py.
        """
        if self.disabled_at is not None or self._is_paused(now):
            return 0
        return (self.concurrency if self.failures == 0 else 1) - leased

    def succeed(self, *, at: datetime) -> None:
        self.succeeded_at = at
        self.failing_since = None
        self.failed_at = None
        self.failures = 0
        if not self._is_paused(at):
            # One that was sent before the pause says nothing of its end.
            self.paused_until = None

    def fail(self, *, at: datetime, forgotten_after: timedelta) -> None:
        """Count it, and pause when there were too many in a row.

        A failure so long after the one before is the first of a new row of days: nothing was
        tried in between, so nobody knows that it kept failing.
        """
        if self.failing_since is None or self.failed_at is None or at - self.failed_at > forgotten_after:
            self.failing_since = at
        self.failed_at = at
        if self._is_paused(at):
            # It was on its way when the pause began, and must not make it longer.
            return
        self.failures += 1
        beyond = self.failures - FAILURES_BEFORE_PAUSE
        if beyond >= 0:
            self.pause(until=at + min(FIRST_PAUSE * 2 ** min(beyond, 10), LONGEST_PAUSE))

    def pause(self, *, until: datetime) -> None:
        self.paused_until = max(self.paused_until or until, until)

    def fails_for(self, *, at: datetime) -> timedelta:
        """Without a success in between."""
        return timedelta(0) if self.failing_since is None else at - self.failing_since

    def _is_paused(self, now: datetime) -> bool:
        return self.paused_until is not None and self.paused_until > now

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
