"""What was erased after the backup was made, or while it was, is erased again in the restored system."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from pathlib import Path

from backups.site import Site
from core.database import SessionFactory
from core.errors import InvalidRequest, NotFound
from core.storage import ObjectStorage
from models.audit_entry import AuditAction
from models.repositories.audit import Actor, AuditRepository
from models.repositories.endings import Endings
from models.repositories.erasures import Erasures
from models.repositories.jobs import JobRepository
from models.repositories.recordings import RecordingRepository
from submission.stored_audio import remove_audio

logger = logging.getLogger(__name__)


def listed_in(path: Path) -> set[uuid.UUID]:
    """Ids of jobs, one a line, as `callscribe backup erased` writes them."""
    try:
        return {uuid.UUID(line.strip()) for line in path.read_text().splitlines() if line.strip()}
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"{path.name} is no list of ids, one a line.") from error


def erase_again(site: Site, job_ids: Iterable[uuid.UUID]) -> int:
    """How many of these there were, with something left to erase; the backup may not know all of them."""
    with site.sessions() as sessions:
        return sum(_erase(sessions, site.storage, job_id) for job_id in job_ids)


def _erase(sessions: SessionFactory, storage: ObjectStorage, job_id: uuid.UUID) -> bool:
    """Objects first, as the API does: a tombstone never promises more than was done."""
    with sessions.begin() as session:
        try:
            job = JobRepository(session).locked(job_id)
        except NotFound:
            return False
        if job.erased_at is not None:
            return False
        if not job.is_final:
            Endings(session).cancel(job)
        owner_id = job.owner_id
        recording_key = RecordingRepository(session).get(job.recording_id).object_key
    remove_audio(storage, recording_key=recording_key, job_id=job_id, owner_id=owner_id)
    with sessions.begin() as session:
        job = JobRepository(session).locked(job_id)
        Erasures(session).erase(job, RecordingRepository(session).get(job.recording_id))
        AuditRepository(session).add(Actor.operator_for(owner_id), AuditAction.JOB_ERASED, job_id)
    logger.info("Job erased", extra={"job_id": str(job_id)})
    return True
