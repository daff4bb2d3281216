"""Who did what to whose calls, and from where. Never what was said; never changed."""

from __future__ import annotations

import uuid
from enum import StrEnum

from sqlalchemy import ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Record, enum_text

OPERATOR = "operator"
"""Whoever runs `callscribe` on the servers themselves."""
RETENTION = "retention"
"""The owner's policy, once its time has come."""


class AuditAction(StrEnum):
    JOB_SUBMITTED = "job.submitted"
    JOB_CANCELED = "job.canceled"
    JOB_ERASED = "job.erased"
    AUDIO_ERASED = "audio.erased"
    TRANSCRIPT_READ = "transcript.read"
    UPLOAD_BEGUN = "upload.begun"
    BATCH_MADE = "batch.made"
    BATCH_ITEMS_ADDED = "batch.items_added"
    BATCH_CLOSED = "batch.closed"
    BATCH_CANCELED = "batch.canceled"
    BATCH_RETRIED = "batch.retried"
    BATCH_RESULTS_READ = "batch.results_read"
    BATCH_REVIEWED = "batch.reviewed"
    WEBHOOK_MADE = "webhook.made"
    WEBHOOK_CHANGED = "webhook.changed"
    WEBHOOK_DELETED = "webhook.deleted"
    WEBHOOK_SECRET_READ = "webhook.secret_read"  # noqa: S105 - a name
    WEBHOOK_SECRET_ROTATED = "webhook.secret_rotated"  # noqa: S105 - a name
    WEBHOOK_SENT_AGAIN = "webhook.sent_again"
    KEY_MADE = "key.made"
    KEY_ROTATED = "key.rotated"
    KEY_REVOKED = "key.revoked"
    OWNER_CHANGED = "owner.changed"


class AuditEntry(Record):
    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_owner", "owner_id", "id"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("owners.id"))
    """Whose calls, or whose key."""
    actor: Mapped[str]
    """Prefix of the API key, `OPERATOR` or `RETENTION`."""
    action: Mapped[AuditAction] = mapped_column(enum_text(AuditAction, "action_name"))
    subject: Mapped[str | None] = mapped_column(index=True)
    """Id of the job, batch, upload or webhook; prefix of the key."""
    address: Mapped[str | None]
    """From where the request came; behind a proxy, what the proxy says."""
    request_id: Mapped[str | None]
    """Finds it in the log."""
