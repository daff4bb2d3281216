"""POST of a job, in both its forms. 202 is answered when this has returned, which is after COMMIT."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session
from starlette.requests import Request

from api import idempotency
from api.bodies import checked, media_type_of, read_json
from api.idempotency import Answer, Asked
from api.jobs import service
from api.jobs.intake import Received, received
from api.jobs.schemas import JobCreate, JobOptions
from api.resources import Resources
from core.errors import EmptyRecording, ObjectMissing, PayloadTooLarge, UnsupportedMediaType, UploadIncomplete
from core.storage import ObjectStorage
from models.idempotency_key import IdempotencyKey
from models.recording import Recording
from models.repositories import clock
from models.repositories.uploads import UploadRepository

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
                return await run_in_threadpool(_submit_upload, resources, asked, body)
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


def _submit_upload(resources: Resources, asked: Asked, body: JobCreate) -> Answer:
    settings = resources.settings
    fingerprint = asked.fingerprint(body)
    with resources.sessions.begin() as session:
        earlier = idempotency.known(session, asked)
        if earlier is not None:
            return idempotency.replay(earlier, fingerprint)
        upload = UploadRepository(session).locked(body.upload_id, owner_id=asked.owner_id)
        upload.check_usable(now=clock.now(session))
    # Storage is asked between the two transactions: no row stays locked while it answers.
    size_bytes = _size_of(resources.storage, upload.object_key, limit=settings.max_upload_bytes)
    with resources.sessions.begin() as session:
        earlier = idempotency.known(session, asked)
        if earlier is not None:
            return idempotency.replay(earlier, fingerprint)
        job = service.submit(session, _taken_over(session, asked, body, size_bytes), body, settings)
        return idempotency.remember(session, asked, fingerprint, job, ttl=settings.idempotency_ttl)


def _taken_over(session: Session, asked: Asked, body: JobCreate, size_bytes: int) -> Recording:
    upload = UploadRepository(session).locked(body.upload_id, owner_id=asked.owner_id)
    recording = Recording(
        owner_id=asked.owner_id,
        object_key=upload.object_key,
        filename=upload.filename,
        size_bytes=size_bytes,
    )
    upload.use(now=clock.now(session))
    return recording


def _size_of(storage: ObjectStorage, key: str, *, limit: int) -> int:
    try:
        size_bytes = storage.head(key).size_bytes
    except ObjectMissing as error:
        raise UploadIncomplete from error
    if size_bytes == 0:
        raise EmptyRecording
    if size_bytes > limit:
        raise PayloadTooLarge
    return size_bytes
