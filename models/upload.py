"""A place in object storage that a client was allowed to put one recording in."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.errors import Conflict, Gone
from models.base import Record


class Upload(Record):
    __tablename__ = "uploads"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("owners.id"), index=True)
    object_key: Mapped[str]
    filename: Mapped[str | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    """After this the presigned URL no longer works and the object may be swept."""
    used_at: Mapped[datetime | None]
    """When a job took it over."""

    def check_usable(self, *, now: datetime) -> None:
        """`Conflict` if a job has it already, `Gone` if its time is over."""
        if self.used_at is not None:
            raise Conflict("This upload belongs to a job already.")
        if self.expires_at <= now:
            raise Gone("This upload has expired; begin a new one.")

    def use(self, *, now: datetime) -> None:
        """A job takes it over. What the caller called the file is the recording's matter from now on."""
        self.check_usable(now=now)
        self.used_at = now
        self.filename = None
