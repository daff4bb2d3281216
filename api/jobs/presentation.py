"""Rows of a job, put together as callers see it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from api.jobs.schemas import (
    EffectiveOptions,
    JobChannel,
    JobError,
    JobRead,
    Links,
    Source,
    Timings,
)
from core.errors import FetchFailed, TransientError
from models.channel import Channel
from models.channel_roles import roles_in_effect
from models.job import Job
from models.recording import Recording
from models.states import JobStage, JobState

BEGUN: Final = 0.01
"""Progress while a recording is being prepared: its chunks are not known yet."""
NEARLY: Final = 0.99
"""The most progress of whatever is not completed."""
TRANSIENT_CODES: Final = frozenset(kind.code for kind in TransientError.__subclasses__()) | {FetchFailed.code}
"""A job that failed with one of these could not reach something it needed."""


def present(job: Job, recording: Recording, channels: Sequence[Channel] = ()) -> JobRead:
    """`channels` are the rows that preparation wrote for this very job, if it has."""
    return JobRead(
        id=job.id,
        status=job.state,
        stage=job.stage,
        progress=progress(job),
        attempt=1 + job.crash_count + job.retry_count,
        created_at=job.created_at,
        started_at=job.started_at,
        completed_at=job.finished_at,
        expires_at=job.expires_at,
        reused_from=job.reused_from,
        retry_of=job.retry_of,
        batch_id=job.batch_id,
        custom_id=job.custom_id,
        model=job.model,
        lane=job.lane,
        language=job.language,
        metadata=job.details,
        source=_source(recording),
        channels=_channels(job, recording, channels),
        options=_options(job),
        timings_ms=timings(job),
        error=_error(job),
        links=_links(job),
    )


def progress(job: Job) -> float:
    """Never goes back within an attempt, and reaches 1 only with the transcript."""
    if job.state is JobState.QUEUED:
        return 0.0
    if job.state is JobState.COMPLETED:
        return 1.0
    if job.stage is JobStage.FINISHING:
        return NEARLY
    heard = job.chunks_done / job.chunks_total if job.chunks_total else 0.0
    return min(NEARLY, max(BEGUN, heard))


def timings(job: Job) -> Timings:
    return Timings(
        queued=_ms(job.created_at, job.started_at),
        preparing=_ms(job.started_at, job.prepared_at),
        waiting=_ms(job.prepared_at, job.recognizing_at),
        transcribing=_ms(job.recognizing_at, job.transcribed_at),
        finishing=_ms(job.transcribed_at, job.finished_at),
        total=_ms(job.created_at, job.finished_at),
    )


def _ms(begin: datetime | None, end: datetime | None) -> int | None:
    return None if begin is None or end is None else round((end - begin).total_seconds() * 1000)


def _channels(job: Job, recording: Recording, channels: Sequence[Channel]) -> list[JobChannel]:
    if channels:
        roles = roles_in_effect(job.roles, channels)
        return [
            JobChannel(index=each.index, role=roles[each.index], findings=each.findings) for each in channels
        ]
    # Its transcript was made for another job; so were the rows of its channels.
    tracks = [Channel(index=index) for index in range(recording.channel_count or 0)]
    roles = roles_in_effect(job.roles, tracks)
    return [JobChannel(index=each.index, role=roles[each.index], findings=None) for each in tracks]


def _source(recording: Recording) -> Source:
    return Source(
        filename=recording.filename,
        size_bytes=recording.size_bytes,
        sha256=recording.sha256,
        duration_ms=recording.duration_ms,
        channel_count=recording.channel_count,
        sample_rate=recording.sample_rate,
        container=recording.container,
        codec=recording.codec,
        erased_at=recording.erased_at,
    )


def _error(job: Job) -> JobError | None:
    if job.error_code is None:
        return None
    return JobError(
        code=job.error_code, message=job.error_message or "", retryable=job.error_code in TRANSIENT_CODES
    )


def _options(job: Job) -> EffectiveOptions:
    return EffectiveOptions(
        model=job.model,
        language=job.language,
        script=job.script,
        lane=job.lane,
        roles=job.roles,
        reuse=job.may_reuse,
        webhook_url=job.webhook_url,
    )


def _links(job: Job) -> Links:
    here = f"/v1/jobs/{job.id}"
    webhook = f"/v1/webhooks/{job.webhook_endpoint_id}" if job.webhook_endpoint_id else None
    return Links(
        self=here,
        transcript=f"{here}/transcript",
        cancel=f"{here}/cancel",
        retry=f"{here}/retry",
        webhook=webhook,
    )
