"""DELETE of a job: in storage first, so that the tombstone never promises more than was done."""

from __future__ import annotations

import logging
import uuid

from sqlalchemy.orm import Session

from api.acting import note
from core.database import SessionFactory
from core.storage import ObjectStorage
from models.audit_entry import AuditAction
from models.job import Job
from models.repositories.endings import Endings
from models.repositories.erasures import Erasures
from models.repositories.jobs import JobRepository
from models.repositories.recordings import RecordingRepository
from submission.stored_audio import remove_audio

logger = logging.getLogger(__name__)


def erase(
    sessions: SessionFactory, storage: ObjectStorage, job_id: uuid.UUID, *, owner_id: uuid.UUID
) -> None:
    """Idempotent, and safe to repeat when it broke off: nothing is half forgotten."""
    with sessions.begin() as session:
        job = JobRepository(session).locked(job_id, owner_id=owner_id)
        if job.erased_at is not None:
            return
        _end(session, job)
        recording_key = RecordingRepository(session).get(job.recording_id).object_key
    remove_audio(storage, recording_key=recording_key, job_id=job_id, owner_id=owner_id)
    with sessions.begin() as session:
        job = JobRepository(session).locked(job_id, owner_id=owner_id)
        Erasures(session).erase(job, RecordingRepository(session).get(job.recording_id))
        note(session, AuditAction.JOB_ERASED, job_id)
    logger.info("Job erased", extra={"job_id": str(job_id)})


def _end(session: Session, job: Job) -> None:
    """Committed before anything is erased: no worker begins with a recording that is going."""
    if not job.is_final:
        Endings(session).cancel(job)
