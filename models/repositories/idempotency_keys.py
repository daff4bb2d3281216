"""SQL on idempotency keys."""

from __future__ import annotations

import uuid

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.errors import IdempotencyInFlight
from models.idempotency_key import IdempotencyKey


class IdempotencyKeyRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def hold(self, owner_id: uuid.UUID, key: str) -> None:
        """Keep others from this key until the transaction ends; `IdempotencyInFlight` if another keeps us."""
        name = func.hashtextextended(f"{owner_id} {key}", 0)
        if not self.session.execute(select(func.pg_try_advisory_xact_lock(name))).scalar_one():
            raise IdempotencyInFlight

    def find(self, owner_id: uuid.UUID, key: str) -> IdempotencyKey | None:
        """What was answered under this key, unless its time is over."""
        return self.session.scalar(
            select(IdempotencyKey).where(
                IdempotencyKey.owner_id == owner_id,
                IdempotencyKey.key == key,
                IdempotencyKey.expires_at > func.clock_timestamp(),
            )
        )

    def add(self, row: IdempotencyKey) -> None:
        """In place of one whose time is over and that was not purged yet. The key is held."""
        columns = {
            "fingerprint": row.fingerprint,
            "job_id": row.job_id,
            "response": row.response,
            "expires_at": row.expires_at,
            "created_at": func.clock_timestamp(),
        }
        statement = insert(IdempotencyKey).values(owner_id=row.owner_id, key=row.key, **columns)
        self.session.execute(
            statement.on_conflict_do_update(
                index_elements=[IdempotencyKey.owner_id, IdempotencyKey.key], set_=columns
            )
        )

    def forget_answers(self, job_id: uuid.UUID) -> None:
        """Of a job that is erased: what its caller wrote was in them. The keys stay taken."""
        self.session.execute(
            update(IdempotencyKey).where(IdempotencyKey.job_id == job_id).values(response="")
        )
