"""The transcript of a job, once there is one."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from api.acting import note
from api.jobs import service as jobs
from core.errors import TranscriptNotReady
from models.audit_entry import AuditAction
from models.base import JsonObject
from models.job import Job
from models.repositories.transcripts import TranscriptRepository
from models.states import JobState


def content_of(session: Session, job_id: uuid.UUID, *, owner_id: uuid.UUID) -> JsonObject:
    """Raises `NotFound`, `Gone`, or `TranscriptNotReady` with the reason why there is none."""
    job = jobs.existing(session, job_id, owner_id=owner_id)
    transcript = TranscriptRepository(session).find(job.id)
    if transcript is None:
        raise TranscriptNotReady(_reason(job))
    note(session, AuditAction.TRANSCRIPT_READ, job.id)
    return transcript.content


def _reason(job: Job) -> str:
    match job.state:
        case JobState.FAILED:
            return f"The job failed and will have no transcript: {job.error_message}"
        case JobState.CANCELED:
            return "The job was canceled and will have no transcript."
        case JobState.EXPIRED:
            return "The job's deadline passed, and it will have no transcript."
        case _:
            return f"The job is {job.stage or job.state}; its transcript is not ready yet."
