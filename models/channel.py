"""One track of a recording, prepared for the engines."""

from __future__ import annotations

import uuid

from sqlalchemy import REAL, CheckConstraint, ForeignKey, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Record
from models.channel_finding import ChannelFinding, FindingCode


class Channel(Record):
    __tablename__ = "channels"
    __table_args__ = (CheckConstraint("speech_ms BETWEEN 0 AND duration_ms", name="speech"),)

    job_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    """0-based position in the recording."""
    object_key: Mapped[str]
    """FLAC, 16 kHz mono; chunks are byte ranges of it."""
    duration_ms: Mapped[int]
    speech_ms: Mapped[int]
    findings: Mapped[list[ChannelFinding]] = mapped_column(JSONB, server_default=text("'[]'"))
    """What was found about it; see docs/channels.md."""
    level_dbfs: Mapped[float | None] = mapped_column(REAL)
    """Active speech level (ITU-T P.56) as it came; None where there is too little speech to judge it by."""

    def has(self, code: FindingCode) -> bool:
        # A row that was not written yet may lack its default.
        return any(finding["code"] == code for finding in self.findings or ())
