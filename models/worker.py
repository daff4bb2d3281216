"""A process that claims device batches, as long as it says that it lives."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from models.base import Record


class Worker(Record):
    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(primary_key=True)
    """Celery's node name."""
    model: Mapped[str] = mapped_column(index=True)
    engine_version: Mapped[str]
    device: Mapped[str]
    dtype: Mapped[str]
    max_batch_ms: Mapped[int]
    max_batch_chunks: Mapped[int]
    seen_at: Mapped[datetime]
