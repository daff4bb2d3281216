"""A caller's name for one request, so that repeating it does nothing twice."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Record


class IdempotencyKey(Record):
    """Written in the transaction that did what was asked, so none is left over from one that did not."""

    __tablename__ = "idempotency_keys"

    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("owners.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    """SHA-256 over what was asked: another request under the same key is refused."""
    job_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    response: Mapped[str]
    """The body that was answered, byte for byte; empty once its job was erased."""
    expires_at: Mapped[datetime] = mapped_column(index=True)
