"""A place in object storage that a client was allowed to put one recording in."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Record


class Upload(Record):
    __tablename__ = "uploads"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("owners.id"), index=True)
    object_key: Mapped[str]
    filename: Mapped[str | None]
    expires_at: Mapped[datetime]
    """After this the presigned URL no longer works and the object may be swept."""
    used_at: Mapped[datetime | None]
    """When a job took it over."""
