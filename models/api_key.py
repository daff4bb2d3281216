"""What an owner shows to be let in. Only a hash of it is kept."""

from __future__ import annotations

import hmac
import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from core.errors import ApiKeyExpired, Unauthenticated
from models.api_key_format import digest
from models.base import Record


class ApiKey(Record):
    __tablename__ = "api_keys"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("owners.id"), index=True)
    name: Mapped[str]
    prefix: Mapped[str] = mapped_column(unique=True)
    """The part before the secret; finds the row and may be shown."""
    secret_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]

    def admit(self, secret: str, *, now: datetime) -> None:
        """Raise `Unauthenticated` or `ApiKeyExpired` unless this secret opens the door now."""
        if not hmac.compare_digest(digest(secret), self.secret_sha256) or self.revoked_at is not None:
            raise Unauthenticated
        if self.expires_at is not None and self.expires_at <= now:
            raise ApiKeyExpired
