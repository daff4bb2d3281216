"""A stretch of samples for one decode, and where it stands."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import BigInteger

from models.base import Record, enum_text
from models.states import ChunkState, Lane

LONE_CRASH_LIMIT: Final = 2
"""Workers that one chunk may take down while alone in its device batch before its job fails."""

BUCKET_BOUNDS_MS: Final = (4_000, 8_000, 16_000)
"""Upper edges of the duration buckets; the last bucket holds the rest, up to 30 s."""


def bucket_of(duration_ms: int) -> int:
    """Which duration bucket a chunk belongs to, 0 for the shortest."""
    return sum(duration_ms > bound for bound in BUCKET_BOUNDS_MS)


BUCKETS: Final = tuple(range(len(BUCKET_BOUNDS_MS) + 1))


class Chunk(Record):
    __tablename__ = "chunks"
    __table_args__ = (
        CheckConstraint("(state = 'leased') = (lease_expires_at IS NOT NULL)", name="lease"),
        CheckConstraint("state <> 'leased' OR device_batch_id IS NOT NULL", name="device_batch"),
        CheckConstraint("end_ms > start_ms AND start_ms >= 0", name="span"),
        Index("uq_chunks_place", "job_id", "channel", "index", unique=True),
        # The claim's one index: models, lanes and buckets side by side, each in fair order.
        Index(
            "ix_chunks_claim",
            "model",
            "lane",
            "bucket",
            "vft",
            "id",
            postgresql_where=text("state = 'queued' AND NOT alone"),
        ),
        Index("ix_chunks_alone", "model", "id", postgresql_where=text("state = 'queued' AND alone")),
        Index("ix_chunks_device_batch", "device_batch_id", postgresql_where=text("state = 'leased'")),
        # Hot rows are updated two or three times each: leave room on their page and clean up often, however
        # many wait. Until then each claim passes by the index entries of all that were claimed before.
        {
            "postgresql_with": {
                "fillfactor": "80",
                "autovacuum_vacuum_scale_factor": "0",
                "autovacuum_vacuum_threshold": "5000",
                "autovacuum_vacuum_cost_delay": "1",
            }
        },
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    channel: Mapped[int]
    index: Mapped[int]
    """Order within its channel."""
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    speech_ms: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    """Start and end of each speech span inside it, flat: [start, end, start, end, ...]."""

    object_key: Mapped[str]
    first_byte: Mapped[int]
    last_byte: Mapped[int]
    """Inclusive, as in an HTTP Range header."""
    first_sample: Mapped[int]
    """Number of the first sample in that byte range within the channel, 16 kHz."""

    model: Mapped[str]
    language: Mapped[str | None]
    lane: Mapped[Lane] = mapped_column(enum_text(Lane, "lane_name"))
    bucket: Mapped[int]
    vft: Mapped[float]
    """Virtual finish time; see models/fairness.py."""
    alone: Mapped[bool] = mapped_column(default=False)
    """Its device batch crashed: it is claimed alone until it is heard or condemned."""

    state: Mapped[ChunkState] = mapped_column(enum_text(ChunkState, "state_name"), default=ChunkState.QUEUED)
    attempt: Mapped[int] = mapped_column(default=0)
    """Counts leases; also the fencing token."""
    lease_expires_at: Mapped[datetime | None]
    crash_count: Mapped[int] = mapped_column(default=0)
    """Workers lost while it was alone in its device batch."""
    device_batch_id: Mapped[uuid.UUID | None]
    """Of its newest lease; once that is over, the device batch may be purged before the chunk."""

    @property
    def duration_ms(self) -> int:
        return self.end_ms - self.start_ms
