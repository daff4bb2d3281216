"""One recording to transcribe, and where it stands."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, false, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.errors import Conflict
from models.base import JsonObject, Record, enum_text
from models.chinese_script import ChineseScript
from models.states import FINAL, STAGE_TRANSITIONS, TRANSITIONS, JobStage, JobState, Lane, step

CRASH_LIMIT: Final = 3
"""Workers that may be lost while preparing or finishing one job before it fails as `worker_lost`."""


class Job(Record):
    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("(state = 'processing') = (stage IS NOT NULL)", name="stage"),
        CheckConstraint(
            "(state IN ('completed', 'failed', 'canceled', 'expired')) = (finished_at IS NOT NULL)",
            name="final",
        ),
        CheckConstraint("(state = 'failed') = (error_code IS NOT NULL)", name="error"),
        CheckConstraint(
            "lease_expires_at IS NULL OR stage IS NOT NULL AND stage IN ('preparing', 'finishing')",
            name="lease",
        ),
        CheckConstraint("chunks_done BETWEEN 0 AND chunks_total", name="chunks"),
        CheckConstraint("stage IS DISTINCT FROM 'finishing' OR chunks_done = chunks_total", name="finishing"),
        Index("ix_jobs_owner", "owner_id", "created_at", "id"),
        # How many an owner has on their way.
        Index("ix_jobs_owner_unfinished", "owner_id", postgresql_where=text("finished_at IS NULL")),
        Index(
            "ix_jobs_to_prepare",
            "lane",
            "vft",
            "id",
            postgresql_where=text(
                "state = 'queued' OR "
                "(state = 'processing' AND stage = 'preparing' AND lease_expires_at IS NULL)"
            ),
        ),
        Index(
            "ix_jobs_to_finish",
            "transcribed_at",
            postgresql_where=text(
                "state = 'processing' AND stage = 'finishing' AND lease_expires_at IS NULL"
            ),
        ),
        Index("ix_jobs_lease", "lease_expires_at", postgresql_where=text("lease_expires_at IS NOT NULL")),
        Index(
            "ix_jobs_deadline",
            "expires_at",
            postgresql_where=text("expires_at IS NOT NULL AND finished_at IS NULL"),
        ),
        # An endpoint that is deleted finds the jobs that name it.
        Index(
            "ix_jobs_webhook_endpoint",
            "webhook_endpoint_id",
            postgresql_where=text("webhook_endpoint_id IS NOT NULL"),
        ),
        # How a batch stands, how fast it goes, and whether anything of it is left to do.
        Index(
            "ix_jobs_batch", "batch_id", "state", "finished_at", postgresql_where=text("batch_id IS NOT NULL")
        ),
        Index(
            "ix_jobs_batch_unfinished",
            "batch_id",
            postgresql_where=text("batch_id IS NOT NULL AND finished_at IS NULL"),
        ),
        Index(
            "ix_jobs_to_clear",
            "finished_at",
            postgresql_where=text("finished_at IS NOT NULL AND cleared_at IS NULL"),
        ),
        # Whose time is over, by each owner's policy.
        Index(
            "ix_jobs_audio_kept",
            "owner_id",
            "finished_at",
            postgresql_where=text("finished_at IS NOT NULL AND audio_erased_at IS NULL"),
        ),
        Index(
            "ix_jobs_kept",
            "owner_id",
            "finished_at",
            postgresql_where=text("finished_at IS NOT NULL AND erased_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("owners.id"))
    recording_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("recordings.id"), unique=True)

    model: Mapped[str]
    language: Mapped[str | None]
    """What the caller says is spoken; None lets the model find out."""
    script: Mapped[ChineseScript] = mapped_column(
        enum_text(ChineseScript, "script_name"),
        default=ChineseScript.AS_IS,
        server_default=ChineseScript.AS_IS.value,
    )
    """In which characters Chinese is to be written."""
    lane: Mapped[Lane] = mapped_column(enum_text(Lane, "lane_name"))
    roles: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)
    """Role by channel index, as the caller gave them: `{"0": "agent"}`."""
    details: Mapped[JsonObject] = mapped_column(default=dict)
    """The caller's own metadata, handed back untouched."""
    expires_at: Mapped[datetime | None]
    """The caller's deadline: what is not completed by then is not wanted any more."""
    webhook_endpoint_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("webhook_endpoints.id", ondelete="SET NULL")
    )
    """Hears of this job, beside those of the owner that hear of every job."""
    webhook_url: Mapped[str | None]
    """Where that endpoint is to be told of this job."""
    may_reuse: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether a finished transcript of the same audio, options and owner will do."""
    reused_from: Mapped[uuid.UUID | None]
    """The job whose transcript this one took over; that one may be gone by now."""
    batch_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("batches.id"))
    """The batch of which it answers an item; one that was tried again as another job answers none."""
    custom_id: Mapped[str | None]
    """What the batch's caller calls that item."""
    retry_of: Mapped[uuid.UUID | None]
    """The job that ended otherwise and was to be tried again as this one."""

    state: Mapped[JobState] = mapped_column(enum_text(JobState, "state_name"), default=JobState.QUEUED)
    stage: Mapped[JobStage | None] = mapped_column(enum_text(JobStage, "stage_name"))
    attempt: Mapped[int] = mapped_column(default=0)
    """Counts leases of every stage. It is also the fencing token: only the newest may write."""
    lease_expires_at: Mapped[datetime | None]
    crash_count: Mapped[int] = mapped_column(default=0)
    """Leases that ended because the worker fell silent or broke."""
    retry_count: Mapped[int] = mapped_column(default=0)
    """Leases that were handed back because a dependency was away."""
    available_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    """Not claimed before this; moves on with each retry."""
    vft: Mapped[float] = mapped_column(default=0.0)
    """Virtual finish time of its preparation; see models/fairness.py."""
    hinted_at: Mapped[datetime | None]
    """When a hint was last published for the stage it stands in."""
    hints: Mapped[int] = mapped_column(default=0)

    chunks_total: Mapped[int] = mapped_column(default=0)
    chunks_done: Mapped[int] = mapped_column(default=0)

    error_code: Mapped[str | None]
    error_message: Mapped[str | None]

    started_at: Mapped[datetime | None]
    """When preparation first claimed it."""
    prepared_at: Mapped[datetime | None]
    recognizing_at: Mapped[datetime | None]
    """When a device first took one of its chunks."""
    transcribed_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    cleared_at: Mapped[datetime | None]
    """When its chunks and hypotheses were removed; the transcript has what was in them."""
    audio_erased_at: Mapped[datetime | None]
    """When the recording and what was prepared of it left storage; the transcript may stay for longer."""
    erased_at: Mapped[datetime | None]
    """Audio and text are gone, as its owner or the owner's policy wanted; this row stays as the tombstone."""

    @property
    def is_final(self) -> bool:
        return self.state in FINAL

    def lease(self, stage: JobStage, *, now: datetime, until: datetime) -> None:
        """Begin or begin again the work of a stage."""
        if self.state is JobState.QUEUED:
            self._move_to(JobState.PROCESSING)
            self.stage = JobStage.PREPARING
            self.started_at = now
        if self.stage is not stage or self.lease_expires_at is not None:
            raise Conflict(f"The job is not waiting for {stage}.")
        self.attempt += 1
        self.lease_expires_at = until

    def release(self, *, available_at: datetime) -> None:
        """Hand the stage back: nobody's fault, to be claimed again later."""
        self.lease_expires_at = None
        self.retry_count += 1
        self.available_at = available_at
        self.forget_hints()

    def crash(self) -> None:
        """The worker fell silent or broke: the stage may be claimed again."""
        self.lease_expires_at = None
        self.crash_count += 1
        self.forget_hints()

    def advance(self, stage: JobStage, *, at: datetime) -> None:
        """The present stage is done; the next may be claimed."""
        if self.stage is None:
            raise Conflict(f"A {self.state} job has no stage to leave.")
        self.stage = step(STAGE_TRANSITIONS, self.stage, stage)
        self.lease_expires_at = None
        self.prepared_at = self.prepared_at or at
        if stage is JobStage.FINISHING:
            self.transcribed_at = at
        self.forget_hints()

    def complete(self, *, at: datetime) -> None:
        if self.stage is not JobStage.FINISHING:
            raise Conflict("A job completes from its finishing stage.")
        self._end(JobState.COMPLETED, at=at)

    def reuse(self, source: Job, *, at: datetime) -> None:
        """Complete it without any work: the transcript is that of another job."""
        self._end(JobState.COMPLETED, at=at)
        self.reused_from = source.id

    def expire(self, *, at: datetime) -> None:
        self._end(JobState.EXPIRED, at=at)

    def fail(self, *, code: str, message: str, at: datetime) -> None:
        self._end(JobState.FAILED, at=at)
        self.error_code = code
        self.error_message = message

    def cancel(self, *, at: datetime) -> None:
        self._end(JobState.CANCELED, at=at)

    def forget_hints(self) -> None:
        self.hinted_at = None
        self.hints = 0

    def _end(self, state: JobState, *, at: datetime) -> None:
        self._move_to(state)
        self.stage = None
        self.lease_expires_at = None
        self.finished_at = at

    def _move_to(self, state: JobState) -> None:
        self.state = step(TRANSITIONS, self.state, state)
