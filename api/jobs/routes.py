"""/v1/jobs"""

from __future__ import annotations

import uuid
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response, status
from fastapi.concurrency import run_in_threadpool

from api.dependencies import Admin, DbSession, ProcessResources, Submitter, Watcher
from api.idempotency import Asked, KeyHeader
from api.jobs import erasure, retrying, service, submission
from api.jobs.schemas import JobPage, JobQuery, JobRead, JobWait
from api.resources import Resources
from api.responses import body_of, problems_of
from core.errors import (
    AddressForbidden,
    Conflict,
    EmptyRecording,
    Gone,
    IdempotencyInFlight,
    IdempotencyKeyReused,
    MalformedBody,
    NotFound,
    ObjectMissing,
    PayloadTooLarge,
    QuotaExceeded,
    ServerBusy,
    StorageUnavailable,
    UnknownModel,
    UnsupportedMediaType,
    UnsupportedOption,
    UploadIncomplete,
)
from models.states import FINAL

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

ASK_AGAIN_AFTER: Final = "2"
"""Seconds; `wait` is the better way."""


@router.post(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=JobRead,
    openapi_extra=body_of({"multipart/form-data": "JobForm", "application/json": "JobCreate"}),
    responses=problems_of(
        MalformedBody,
        NotFound,
        Conflict,
        IdempotencyInFlight,
        IdempotencyKeyReused,
        UploadIncomplete,
        Gone,
        PayloadTooLarge,
        UnsupportedMediaType,
        UnknownModel,
        UnsupportedOption,
        AddressForbidden,
        EmptyRecording,
        StorageUnavailable,
        QuotaExceeded,
        ServerBusy,
    ),
)
async def submit_job(
    request: Request, owner_id: Submitter, resources: ProcessResources, idempotency_key: KeyHeader = None
) -> Response:
    """Queue one recording: a form with the file, or JSON that names an upload.

    The recording is accepted once this answers 202, and not before.
    """
    asked = Asked(owner_id, f"{request.method} {request.url.path}", idempotency_key)
    answer = await submission.submit(request, resources, asked)
    return answer.response()


@router.get("", responses=problems_of())
def list_jobs(query: Annotated[JobQuery, Query()], owner_id: Watcher, session: DbSession) -> JobPage:
    """One's own jobs, newest first."""
    return service.page(session, query, owner_id=owner_id)


@router.get("/{job_id}", responses=problems_of(NotFound, Gone))
async def read_job(
    *,
    job_id: uuid.UUID,
    query: Annotated[JobWait, Query()],
    response: Response,
    owner_id: Watcher,
    resources: ProcessResources,
) -> JobRead:
    """Where one job stands, at once or as soon as it has ended."""
    read = partial(run_in_threadpool, _read, resources, job_id, owner_id)
    job = await resources.endings.wait(job_id, read, is_over=is_over, seconds=query.wait)
    if not is_over(job):
        response.headers["Retry-After"] = ASK_AGAIN_AFTER
    return job


def is_over(job: JobRead) -> bool:
    return job.status in FINAL


def _read(resources: Resources, job_id: uuid.UUID, owner_id: uuid.UUID) -> JobRead:
    with resources.database_gate.entered(), resources.sessions.begin() as session:
        return service.read(session, job_id, owner_id=owner_id)


@router.post("/{job_id}/cancel", responses=problems_of(NotFound, Gone, Conflict))
def cancel_job(job_id: uuid.UUID, owner_id: Submitter, session: DbSession) -> JobRead:
    """End a job that is not wanted any more. Again and again does no harm."""
    return service.cancel(session, job_id, owner_id=owner_id)


@router.post(
    "/{job_id}/retry",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=JobRead,
    responses=problems_of(
        NotFound,
        ObjectMissing,
        Gone,
        Conflict,
        IdempotencyInFlight,
        IdempotencyKeyReused,
        UnknownModel,
        StorageUnavailable,
        QuotaExceeded,
    ),
)
async def retry_job(
    *,
    request: Request,
    job_id: uuid.UUID,
    owner_id: Submitter,
    resources: ProcessResources,
    idempotency_key: KeyHeader = None,
) -> Response:
    """Try a failed, canceled or expired job again, as a new one with the same options on the same audio."""
    asked = Asked(owner_id, f"{request.method} {request.url.path}", idempotency_key)
    answer = await retrying.retry(resources, asked, job_id)
    return answer.response()


@router.delete(
    "/{job_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems_of(NotFound, StorageUnavailable),
)
def delete_job(job_id: uuid.UUID, owner_id: Admin, resources: ProcessResources) -> None:
    """Cancel the job if it is not over, and erase its audio and its text."""
    erasure.erase(resources.sessions, resources.storage, job_id, owner_id=owner_id)
