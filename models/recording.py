"""The caller's audio as it was handed over."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Record

BYTES_PER_SECOND: Final = 16_000
"""Of a call as telephone exchanges record it, 8 kHz mu-law stereo; a guess until it is decoded."""


class Recording(Record):
    __tablename__ = "recordings"
    __table_args__ = (
        # Finds recordings of the same bytes, whose transcript may be wanted again.
        Index("ix_recordings_sha256", "owner_id", "sha256", postgresql_where=text("sha256 IS NOT NULL")),
        # Tells the sweep of storage which objects are wanted.
        Index("ix_recordings_object_key", "object_key"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("owners.id"), index=True)
    object_key: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[str | None]
    """Hex; known for what came through the API, else after preparation read it."""
    source_url: Mapped[str | None]
    """Where it is to be fetched from, query and all; null as soon as it is in storage."""
    filename: Mapped[str | None]
    container: Mapped[str | None]
    codec: Mapped[str | None]
    sample_rate: Mapped[int | None]
    """Hz, as the recording says; this and its neighbours are known after preparation."""
    channel_count: Mapped[int | None]
    duration_ms: Mapped[int | None]
    erased_at: Mapped[datetime | None]
