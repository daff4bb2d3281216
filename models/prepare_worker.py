"""A worker that prepares recordings, as long as it says that it lives."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Record


class PrepareWorker(Record):
    __tablename__ = "prepare_workers"

    name: Mapped[str] = mapped_column(primary_key=True)
    """Host and process."""
    missing_walls: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """What its machine does not let it put around decoders; see workers/preparation/decoder/walls.py."""
    seen_at: Mapped[datetime]
