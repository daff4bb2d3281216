"""SQL on the audit log: adding to it and reading it. There is no other."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.audit_entry import OPERATOR, RETENTION, AuditAction, AuditEntry
from models.owner import Owner


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, and from where."""

    owner_id: uuid.UUID
    name: str
    """Prefix of the API key, `OPERATOR` or `RETENTION`."""
    address: str | None = None
    request_id: str | None = None

    @classmethod
    def operator_for(cls, owner_id: uuid.UUID) -> Actor:
        return cls(owner_id, OPERATOR)

    @classmethod
    def retention_of(cls, owner_id: uuid.UUID) -> Actor:
        return cls(owner_id, RETENTION)


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """What is left out is not asked about."""

    owner: str | None = None
    subject: str | None = None
    actor: str | None = None
    since: datetime | None = None
    limit: int = 100


class AuditRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def add(self, actor: Actor, action: AuditAction, subject: uuid.UUID | str | None) -> None:
        """In the transaction that does it: what was done is always here."""
        self.session.add(
            AuditEntry(
                owner_id=actor.owner_id,
                actor=actor.name,
                action=action,
                subject=None if subject is None else str(subject),
                address=actor.address,
                request_id=actor.request_id,
            )
        )

    def newest(self, query: AuditQuery) -> Sequence[tuple[AuditEntry, str]]:
        """Entries with the names of their owners, the newest first."""
        wanted = select(AuditEntry, Owner.name).join(Owner, Owner.id == AuditEntry.owner_id)
        if query.owner is not None:
            wanted = wanted.where(Owner.name == query.owner)
        if query.subject is not None:
            wanted = wanted.where(AuditEntry.subject == query.subject)
        if query.actor is not None:
            wanted = wanted.where(AuditEntry.actor == query.actor)
        if query.since is not None:
            wanted = wanted.where(AuditEntry.created_at >= query.since)
        rows = self.session.execute(wanted.order_by(AuditEntry.id.desc()).limit(query.limit))
        return [(row[0], row[1]) for row in rows]
