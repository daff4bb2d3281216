"""SQL on API keys."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.errors import Conflict, NotFound, Unauthenticated
from models.api_key import ApiKey
from models.api_key_format import NewApiKey, digest, new_api_key
from models.owner import Owner
from models.scope import EVERYTHING

TOUCH_EVERY = timedelta(minutes=1)
"""`last_used_at` is written at most this often, so that reads stay reads."""


class ApiKeyRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def add(self, key: ApiKey) -> ApiKey:
        self.session.add(key)
        self.session.flush()
        return key

    def issue(
        self,
        owner: Owner,
        *,
        name: str,
        expires_at: datetime | None = None,
        scopes: Sequence[str] = EVERYTHING,
    ) -> NewApiKey:
        """A key that nobody will be shown again: only a hash of its secret is kept."""
        key = new_api_key()
        self.add(
            ApiKey(
                owner_id=owner.id,
                name=name,
                prefix=key.prefix,
                secret_sha256=digest(key.secret),
                expires_at=expires_at,
                scopes=[*scopes],
            )
        )
        return key

    def with_prefix(self, prefix: str) -> ApiKey:
        key = self.session.scalar(select(ApiKey).where(ApiKey.prefix == prefix))
        if key is None:
            raise Unauthenticated
        return key

    def of(self, owner_id: uuid.UUID) -> Sequence[ApiKey]:
        query = select(ApiKey).where(ApiKey.owner_id == owner_id).order_by(ApiKey.created_at)
        return self.session.scalars(query).all()

    def with_owners(self, owner_name: str | None = None) -> Sequence[tuple[ApiKey, Owner]]:
        """All keys, or those of one owner, by owner and age."""
        query = select(ApiKey, Owner).join(Owner, Owner.id == ApiKey.owner_id)
        if owner_name is not None:
            query = query.where(Owner.name == owner_name)
        rows = self.session.execute(query.order_by(Owner.name, ApiKey.created_at))
        return [(row[0], row[1]) for row in rows]

    def rotate(self, prefix: str, *, at: datetime, overlap: timedelta) -> NewApiKey:
        """A key of the same owner, name, scopes and end; the old one is good for a while longer.

        Raises `NotFound`, and `Conflict` for one that is no good any more.
        """
        old = self.session.scalar(select(ApiKey).where(ApiKey.prefix == prefix).with_for_update())
        if old is None:
            raise NotFound(f"No API key {prefix}.")
        if old.revoked_at is not None or (old.expires_at is not None and old.expires_at <= at):
            raise Conflict(f"{prefix} is no good any more; make a new key.")
        owner = self.session.get_one(Owner, old.owner_id)
        new = self.issue(owner, name=old.name, expires_at=old.expires_at, scopes=old.scopes)
        until = at + overlap
        old.expires_at = until if old.expires_at is None else min(until, old.expires_at)
        return new

    def revoke(self, prefix: str, *, at: datetime) -> ApiKey:
        """Idempotent: the first revocation's time stays."""
        query = select(ApiKey).where(ApiKey.prefix == prefix).with_for_update()
        key = self.session.scalar(query)
        if key is None:
            raise NotFound(f"No API key {prefix}.")
        key.revoked_at = key.revoked_at or at
        return key

    def touch(self, key: ApiKey, *, at: datetime) -> None:
        if key.last_used_at is None or key.last_used_at < at - TOUCH_EVERY:
            self.session.execute(update(ApiKey).where(ApiKey.id == key.id).values(last_used_at=at))
