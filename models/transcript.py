"""The result of a job."""

from __future__ import annotations

import uuid

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import REAL

from models.base import JsonObject, Record


class Transcript(Record):
    __tablename__ = "transcripts"

    job_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    content: Mapped[JsonObject]
    """The JSON form as the API gives it; the other forms are made from it."""
    trust: Mapped[float | None] = mapped_column(REAL)
    """The same as in `content`, so that transcripts can be sorted by it without reading them."""
