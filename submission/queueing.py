"""A recording that is in storage becomes a job: queued, or completed by a transcript that will do."""

from __future__ import annotations

from sqlalchemy.orm import Session

from core.settings import CoreSettings
from models.job import Job
from models.recording import BYTES_PER_SECOND, Recording
from models.repositories import clock
from models.repositories.jobs import JobRepository
from models.repositories.recordings import RecordingRepository
from models.repositories.reuse import Reuse
from submission.checks import check_language, check_script, deadline, served_model
from submission.job_webhook import for_job
from submission.options import JobOptions
from submission.quotas import check_quotas


def queue(
    session: Session,
    recording: Recording,
    options: JobOptions,
    settings: CoreSettings,
    *,
    retry_of: Job | None = None,
) -> Job:
    """Write both in this transaction.

    Raises what is wrong with the options, as `InvalidRequest`, and `QuotaExceeded`.
    """
    RecordingRepository(session).add(recording)
    job = _job_of(session, recording, options, settings)
    expected_seconds = recording.size_bytes / BYTES_PER_SECOND
    check_quotas(session, recording.owner_id, expected_seconds=expected_seconds)
    job.retry_of = retry_of.id if retry_of else None
    reuse = Reuse(session)
    # Of an upload the digest is known when it is prepared, and not before.
    sha256 = recording.sha256 if job.may_reuse else None
    finished = None if sha256 is None else reuse.find(job, sha256=sha256)
    if finished is None:
        JobRepository(session).add(job, expected_seconds=expected_seconds)
    else:
        # Nothing is left to do for it, so it takes nothing of its owner's share.
        JobRepository(session).add(job, expected_seconds=0.0)
        reuse.complete(job, recording, finished)
    return job


def _job_of(session: Session, recording: Recording, options: JobOptions, settings: CoreSettings) -> Job:
    model = served_model(options.model, settings.models)
    check_language(options.language, model)
    check_script(options.script, options.language, model)
    job = Job(
        owner_id=recording.owner_id,
        recording_id=recording.id,
        model=model,
        language=options.language,
        script=options.script,
        lane=options.lane,
        roles=options.roles,
        details=options.metadata,
        may_reuse=options.reuse,
        expires_at=deadline(options.expires_at, now=clock.now(session)),
    )
    if options.webhook_url is not None:
        endpoint = for_job(session, options.webhook_url, settings.outbound, owner_id=job.owner_id)
        job.webhook_endpoint_id, job.webhook_url = endpoint.id, options.webhook_url
    return job
