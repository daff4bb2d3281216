"""POST of a job, in both its forms. 202 is answered when this has returned, which is after COMMIT."""

from __future__ import annotations

import uuid

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request

from api.bodies import checked, media_type_of, read_json
from api.jobs import service
from api.jobs.intake import Received, received
from api.jobs.schemas import JobCreate, JobOptions, JobRead
from api.resources import Resources
from core.errors import EmptyRecording, ObjectMissing, PayloadTooLarge, UnsupportedMediaType, UploadIncomplete
from core.storage import ObjectStorage
from models.recording import Recording
from models.repositories import clock
from models.repositories.uploads import UploadRepository


async def submit(request: Request, resources: Resources, *, owner_id: uuid.UUID) -> JobRead:
    match media_type_of(request).get_content_type():
        case "multipart/form-data":
            async with received(request, resources, owner_id=owner_id) as intake:
                return await run_in_threadpool(_submit_received, resources, intake)
        case "application/json":
            body = await read_json(request, JobCreate)
            return await run_in_threadpool(_submit_upload, resources, body, owner_id)
        case _:
            raise UnsupportedMediaType("A job is submitted as multipart/form-data or application/json.")


def _submit_received(resources: Resources, intake: Received) -> JobRead:
    options = checked(JobOptions, intake.fields)
    with resources.sessions.begin() as session:
        job = service.submit(session, intake.row, options, resources.settings)
        # From here on the job may exist even if no answer to COMMIT comes back.
        intake.may_be_wanted = True
    return job


def _submit_upload(resources: Resources, body: JobCreate, owner_id: uuid.UUID) -> JobRead:
    with resources.sessions.begin() as session:
        upload = UploadRepository(session).locked(body.upload_id, owner_id=owner_id)
        upload.check_usable(now=clock.now(session))
    # Storage is asked between the two transactions: no row stays locked while it answers.
    size_bytes = _size_of(resources.storage, upload.object_key, limit=resources.settings.max_upload_bytes)
    with resources.sessions.begin() as session:
        upload = UploadRepository(session).locked(body.upload_id, owner_id=owner_id)
        recording = Recording(
            owner_id=owner_id, object_key=upload.object_key, filename=upload.filename, size_bytes=size_bytes
        )
        upload.use(now=clock.now(session))
        return service.submit(session, recording, body, resources.settings)


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
