"""POST of a retry: a job that ended without a transcript is tried again, as a new job.

The new one has a copy of the recording, so that deleting either leaves the other whole.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session

from api import idempotency
from api.idempotency import Answer, Asked
from api.jobs import service
from api.jobs.intake import Received, belongs_to_a_job
from api.resources import Resources
from core.errors import Conflict, Gone, StorageUnavailable
from core.storage import ObjectStorage
from models.job import Job
from models.recording import Recording
from models.repositories import clock
from models.repositories.recordings import RecordingRepository
from models.states import JobState
from submission.options import JobOptions
from submission.recordings import place_of

logger = logging.getLogger(__name__)

RETRYABLE: Final = frozenset({JobState.FAILED, JobState.CANCELED, JobState.EXPIRED})


async def retry(resources: Resources, asked: Asked, job_id: uuid.UUID) -> Answer:
    """Raises `Conflict` for a job that is not over, or is completed; `Gone` where it or its audio is."""
    with resources.keys_in_flight.entered(asked):
        return await run_in_threadpool(_retry, resources, asked, job_id)


def _retry(resources: Resources, asked: Asked, job_id: uuid.UUID) -> Answer:
    settings = resources.settings
    fingerprint = asked.fingerprint(None)
    with resources.sessions.begin() as session:
        earlier = idempotency.known(session, asked)
        if earlier is not None:
            return idempotency.replay(earlier, fingerprint)
        source = RecordingRepository(session).get(_retryable(session, asked, job_id).recording_id)
        if source.erased_at is not None:
            raise Gone(f"The recording of job {job_id} is not kept any more.")
    # Storage copies between the two transactions: no row stays locked meanwhile.
    with _copied(resources, source) as copy, resources.sessions.begin() as session:
        earlier = idempotency.known(session, asked)
        if earlier is not None:
            return idempotency.replay(earlier, fingerprint)
        # Locked: it may have been deleted meanwhile, and its copy with it would not.
        job = _retryable(session, asked, job_id, lock=True)
        options = _options_of(job, now=clock.now(session))
        tried_again = service.submit(session, copy.row, options, settings, retry_of=job)
        copy.may_be_wanted = True
        return idempotency.remember(session, asked, fingerprint, tried_again, ttl=settings.idempotency_ttl)


def _retryable(session: Session, asked: Asked, job_id: uuid.UUID, *, lock: bool = False) -> Job:
    job = service.existing(session, job_id, owner_id=asked.owner_id, lock=lock)
    if job.state not in RETRYABLE:
        raise Conflict(f"A {job.state} job is not tried again; only failed, canceled and expired ones are.")
    return job


@contextmanager
def _copied(resources: Resources, source: Recording) -> Iterator[Received]:
    """The recording once more in storage; nothing of it stays there unless it `may_be_wanted` in the end."""
    recording = Recording(
        id=uuid.uuid4(),
        owner_id=source.owner_id,
        filename=source.filename,
        size_bytes=source.size_bytes,
        sha256=source.sha256,
        source_url=source.source_url,
    )
    recording.object_key = place_of(recording)
    copy = Received(recording)
    is_wanted = False
    try:
        # What was never fetched is fetched anew, and lies nowhere yet.
        if source.source_url is None:
            resources.storage.copy(source.object_key, recording.object_key)
        yield copy
        is_wanted = copy.may_be_wanted
    finally:
        if not is_wanted and not belongs_to_a_job(copy, resources.sessions):
            _discard(resources.storage, recording.object_key)


def _discard(storage: ObjectStorage, key: str) -> None:
    try:
        storage.delete(key)
    except StorageUnavailable:
        logger.warning("Object was left in storage", extra={"object_key": key})


def _options_of(job: Job, *, now: datetime) -> JobOptions:
    """As its caller gave them, but for a deadline that has passed."""
    is_ahead = job.expires_at is not None and job.expires_at > now
    return JobOptions(
        model=job.model,
        language=job.language,
        script=job.script,
        lane=job.lane,
        roles=job.roles,
        metadata=job.details,
        expires_at=job.expires_at if is_ahead else None,
        reuse=job.may_reuse,
        webhook_url=job.webhook_url,
    )
