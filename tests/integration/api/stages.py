"""What workers do to a job, done by the tests."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from core.database import SessionFactory
from core.errors import UndecodableRecording
from models.base import JsonObject
from models.channel import Channel
from models.channel_finding import ChannelFinding
from models.job import Job
from models.repositories import clock
from models.repositories.chunks import ChunkRepository
from models.repositories.endings import Endings
from models.repositories.jobs import JobRepository
from models.repositories.recordings import RecordingRepository
from models.states import JobStage
from models.transcript import Transcript
from tests import builders
from tests.builders import TTL

FAINT: ChannelFinding = {
    "code": "low_level",
    "severity": "info",
    "message": "The voice is faint.",
    "measures": {"level_dbfs": -44.5, "raised_db": 18.5},
}
"""Of every second channel."""


def prepare(sessions: SessionFactory, job_id: uuid.UUID) -> None:
    """Two channels, one chunk: the job waits for a device."""
    with sessions.begin() as session:
        job = JobRepository(session).claim(job_id, JobStage.PREPARING, ttl=TTL)
        _decode(session, job, channels=2)
        ChunkRepository(session).queue(job, [builders.chunk(0)])
        job.chunks_total = 1
        job.advance(JobStage.TRANSCRIBING, at=clock.now(session))


def complete(sessions: SessionFactory, job_id: uuid.UUID, content: JsonObject) -> None:
    with sessions.begin() as session:
        job = JobRepository(session).claim(job_id, JobStage.PREPARING, ttl=TTL)
        _decode(session, job, channels=1)
        job.advance(JobStage.FINISHING, at=clock.now(session))
    with sessions.begin() as session:
        job = JobRepository(session).claim(job_id, JobStage.FINISHING, ttl=TTL)
        Endings(session).complete(job, Transcript(job_id=job_id, content=content))


def fail(sessions: SessionFactory, job_id: uuid.UUID) -> None:
    with sessions.begin() as session:
        JobRepository(session).claim(job_id, JobStage.PREPARING, ttl=TTL)
    with sessions.begin() as session:
        Endings(session).fail(JobRepository(session).locked(job_id), UndecodableRecording())


def cancel(sessions: SessionFactory, job_id: uuid.UUID) -> None:
    with sessions.begin() as session:
        Endings(session).cancel(JobRepository(session).locked(job_id))


def expire(sessions: SessionFactory, job_id: uuid.UUID) -> None:
    with sessions.begin() as session:
        Endings(session).expire(JobRepository(session).locked(job_id))


def _decode(session: Session, job: Job, *, channels: int) -> None:
    recordings = RecordingRepository(session)
    recordings.get(job.recording_id).channel_count = channels
    recordings.add_channels(_channel(job, index) for index in range(channels))


def _channel(job: Job, index: int) -> Channel:
    key = f"prepared/{job.id}/{index}.flac"
    findings = [FAINT] if index == 1 else []
    return Channel(
        job_id=job.id, index=index, object_key=key, duration_ms=5000, speech_ms=4000, findings=findings
    )
