"""Who is asking, for the audit log: known once the key is checked, to all that the request then does."""

from __future__ import annotations

import uuid
from contextvars import ContextVar
from typing import Final

from sqlalchemy.orm import Session

from models.audit_entry import AuditAction
from models.repositories.audit import Actor, AuditRepository

ACTING: Final[ContextVar[Actor]] = ContextVar("acting")
"""Of this request; threads that work for it have it too."""


def note(session: Session, action: AuditAction, subject: uuid.UUID | str | None = None) -> None:
    """Written with what the transaction does, or not at all."""
    AuditRepository(session).add(ACTING.get(), action, subject)
