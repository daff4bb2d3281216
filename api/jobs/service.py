"""What can be done with jobs. Every function is one transaction, or says where it ends."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from api import paging
from api.acting import note
from api.jobs.presentation import present
from api.jobs.schemas import JobPage, JobQuery, JobRead
from api.settings import ApiSettings
from core.errors import Gone
from models.audit_entry import AuditAction
from models.job import Job
from models.recording import Recording
from models.repositories.endings import Endings
from models.repositories.jobs import JobRepository
from models.repositories.recordings import RecordingRepository
from models.states import JobState
from submission.options import JobOptions
from submission.queueing import queue


def submit(
    session: Session,
    recording: Recording,
    options: JobOptions,
    settings: ApiSettings,
    *,
    retry_of: Job | None = None,
) -> JobRead:
    """Queue a recording that is in storage already, or complete it with a transcript that will do."""
    job = queue(session, recording, options, settings, retry_of=retry_of)
    note(session, AuditAction.JOB_SUBMITTED, job.id)
    return present(job, recording)


def read(session: Session, job_id: uuid.UUID, *, owner_id: uuid.UUID) -> JobRead:
    return _presented(session, existing(session, job_id, owner_id=owner_id))


def existing(session: Session, job_id: uuid.UUID, *, owner_id: uuid.UUID, lock: bool = False) -> Job:
    """The job; `NotFound` if it is not this owner's, `Gone` if only its tombstone is left."""
    jobs = JobRepository(session)
    find = jobs.locked if lock else jobs.get
    job = find(job_id, owner_id=owner_id)
    if job.erased_at is not None:
        raise Gone(f"Job {job.id} was deleted.")
    return job


def page(session: Session, query: JobQuery, *, owner_id: uuid.UUID) -> JobPage:
    before = paging.place_of(query.cursor) if query.cursor else None
    # One more than asked for tells whether there is another page.
    jobs = JobRepository(session).page(owner_id, states=query.status, before=before, limit=query.limit + 1)
    shown = jobs[: query.limit]
    repository = RecordingRepository(session)
    recordings = repository.by_id(job.recording_id for job in shown)
    channels = repository.channels_by_job(job.id for job in shown)
    has_more = len(jobs) > len(shown)
    return JobPage(
        data=[present(job, recordings[job.recording_id], channels.get(job.id, ())) for job in shown],
        has_more=has_more,
        next_cursor=paging.cursor_after(shown[-1].created_at, shown[-1].id) if has_more else None,
    )


def cancel(session: Session, job_id: uuid.UUID, *, owner_id: uuid.UUID) -> JobRead:
    """Idempotent; `Conflict` for a job that ended in another way."""
    job = existing(session, job_id, owner_id=owner_id, lock=True)
    if job.state is not JobState.CANCELED:
        Endings(session).cancel(job)
        note(session, AuditAction.JOB_CANCELED, job.id)
    return _presented(session, job)


def _presented(session: Session, job: Job) -> JobRead:
    recordings = RecordingRepository(session)
    return present(job, recordings.get(job.recording_id), recordings.channels_of(job.id))
