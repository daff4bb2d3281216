"""Whose things these are."""

from __future__ import annotations

import uuid

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Record


class Owner(Record):
    __tablename__ = "owners"
    __table_args__ = (
        CheckConstraint("weight > 0", name="weight"),
        CheckConstraint("least(quota_jobs, quota_audio_seconds, quota_bytes) >= 0", name="quotas"),
        CheckConstraint("least(keep_audio_days, keep_transcripts_days) >= 0", name="kept"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    name: Mapped[str] = mapped_column(unique=True)
    weight: Mapped[float] = mapped_column(default=1.0)
    """Share of the devices while others wait too; 2 gets twice as much as 1."""
    quota_jobs: Mapped[int | None]
    """How many jobs may be on their way at once; None for any number, as below."""
    quota_audio_seconds: Mapped[float | None]
    """How much audio these may have."""
    quota_bytes: Mapped[int | None]
    """How much its recordings may take in storage."""
    keep_audio_days: Mapped[float | None]
    """How long audio stays after its job ended: infinity is for ever, None as the dispatcher is set."""
    keep_transcripts_days: Mapped[float | None]
    """The same of all that is left then: transcript, file name, metadata."""

    @property
    def has_quotas(self) -> bool:
        return any(
            quota is not None for quota in (self.quota_jobs, self.quota_audio_seconds, self.quota_bytes)
        )
