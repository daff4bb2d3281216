"""POST of a job, in both its forms. 202 is answered when this has returned, which is after COMMIT."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import TypeAlias

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request

from api import idempotency
from api.bodies import checked, media_type_of, read_json
from api.idempotency import Answer, Asked
from api.jobs import service
from api.jobs.intake import Received, received
from api.jobs.schemas import JobCreate
from api.resources import Resources
from core.errors import UnsupportedMediaType
from models.idempotency_key import IdempotencyKey
from models.repositories import clock
from models.repositories.uploads import UploadRepository
from submission.arrivals import arrived
from submission.fetching import check_fetch, to_fetch
from submission.options import JobOptions
from submission.recordings import taken_over

OptionsOf: TypeAlias = Callable[[Mapping[str, str]], JobOptions]
"""Raises what is wrong with the fields."""


async def submit(request: Request, resources: Resources, asked: Asked) -> Answer:
    """Raises `IdempotencyInFlight` before the body is read, where another under its key is being read."""
    with resources.keys_in_flight.entered(asked):
        match media_type_of(request).get_content_type():
            case "multipart/form-data":
                return await submit_form(request, resources, asked, options_of=_job_options)
            case "application/json":
                body = await read_json(request, JobCreate)
                return await run_in_threadpool(_submit_json, resources, asked, body)
            case _:
                raise UnsupportedMediaType("A job is submitted as multipart/form-data or application/json.")


async def submit_form(
    request: Request, resources: Resources, asked: Asked, *, options_of: OptionsOf
) -> Answer:
    """The form's file with the options that its other fields stand for."""
    earlier = await run_in_threadpool(_earlier, resources, asked)
    # What was answered before needs only to be recognized.
    keep = earlier is None
    async with received(request, resources, owner_id=asked.owner_id, keep=keep) as intake:
        options = options_of(intake.fields)
        return await run_in_threadpool(
            _submit_received, resources, asked, intake, options=options, earlier=earlier
        )


def _job_options(fields: Mapping[str, str]) -> JobOptions:
    return checked(JobOptions, fields)


def _earlier(resources: Resources, asked: Asked) -> IdempotencyKey | None:
    if asked.key is None:
        return None
    with resources.sessions.begin() as session:
        return idempotency.known(session, asked)


def _submit_received(
    resources: Resources,
    asked: Asked,
    intake: Received,
    *,
    options: JobOptions,
    earlier: IdempotencyKey | None,
) -> Answer:
    settings = resources.settings
    fingerprint = asked.fingerprint(options, intake.row.sha256)
    with resources.sessions.begin() as session:
        # Again: another process may have answered meanwhile, or the job may have been deleted.
        earlier = idempotency.known(session, asked) or earlier
        if earlier is not None:
            return idempotency.replay(earlier, fingerprint)
        job = service.submit(session, intake.row, options, settings)
        # From here on the job may exist even if no answer to COMMIT comes back.
        intake.may_be_wanted = True
        return idempotency.remember(session, asked, fingerprint, job, ttl=settings.idempotency_ttl)


def _submit_json(resources: Resources, asked: Asked, body: JobCreate) -> Answer:
    if body.upload_id is not None:
        return _submit_upload(resources, asked, body, body.upload_id)
    settings = resources.settings
    url = str(body.url)
    check_fetch(url, settings)
    fingerprint = asked.fingerprint(body)
    with resources.sessions.begin() as session:
        earlier = idempotency.known(session, asked)
        if earlier is not None:
            return idempotency.replay(earlier, fingerprint)
        job = service.submit(session, to_fetch(url, owner_id=asked.owner_id), body, settings)
        return idempotency.remember(session, asked, fingerprint, job, ttl=settings.idempotency_ttl)


def _submit_upload(resources: Resources, asked: Asked, body: JobCreate, upload_id: uuid.UUID) -> Answer:
    settings = resources.settings
    fingerprint = asked.fingerprint(body)
    with resources.sessions.begin() as session:
        earlier = idempotency.known(session, asked)
        if earlier is not None:
            return idempotency.replay(earlier, fingerprint)
        upload = UploadRepository(session).locked(upload_id, owner_id=asked.owner_id)
        upload.check_usable(now=clock.now(session))
    # Storage is asked between the two transactions: no row stays locked while it answers.
    size_bytes = arrived(resources.sessions, resources.storage, upload, limit=settings.max_upload_bytes)
    with resources.sessions.begin() as session:
        earlier = idempotency.known(session, asked)
        if earlier is not None:
            return idempotency.replay(earlier, fingerprint)
        recording = taken_over(session, upload_id, size_bytes, owner_id=asked.owner_id)
        job = service.submit(session, recording, body, settings)
        return idempotency.remember(session, asked, fingerprint, job, ttl=settings.idempotency_ttl)
