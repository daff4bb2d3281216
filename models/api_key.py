"""What an owner shows to be let in. Only a hash of it is kept."""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from core.errors import ApiKeyExpired, ScopeMissing, Unauthenticated
from models.api_key_format import digest
from models.base import Record
from models.scope import Scope, granted

SCOPES: Final = ", ".join(f"'{scope}'" for scope in Scope)


class ApiKey(Record):
    __tablename__ = "api_keys"
    __table_args__ = (
        CheckConstraint(f"cardinality(scopes) > 0 AND scopes <@ ARRAY[{SCOPES}]", name="scopes"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("owners.id"), index=True)
    name: Mapped[str]
    prefix: Mapped[str] = mapped_column(unique=True)
    """The part before the secret; finds the row and may be shown."""
    secret_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{submit,read,admin}")
    """Names of `Scope`."""
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]

    def admit(self, secret: str, *, now: datetime) -> None:
        """Raise `Unauthenticated` or `ApiKeyExpired` unless this secret opens the door now."""
        if not hmac.compare_digest(digest(secret), self.secret_sha256) or self.revoked_at is not None:
            raise Unauthenticated
        if self.expires_at is not None and self.expires_at <= now:
            raise ApiKeyExpired

    def check_scopes(self, wanted: Iterable[str]) -> None:
        """Raise `ScopeMissing` unless the key may be used for all of these."""
        missing = {Scope(scope) for scope in wanted} - granted(self.scopes)
        if missing:
            needed, given = ", ".join(sorted(missing)), ", ".join(self.scopes)
            raise ScopeMissing(f"This needs a key with the scope {needed}; {self.prefix} has {given}.")
