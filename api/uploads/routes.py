"""/v1/uploads"""

from __future__ import annotations

import asyncio
import contextvars
import uuid
from functools import partial
from typing import Final

from fastapi import APIRouter, Request, status
from fastapi.concurrency import run_in_threadpool

from api.bodies import read_json
from api.dependencies import ProcessResources, Submitter
from api.responses import body_of, problems_of
from api.uploads import completion, service
from api.uploads.schemas import UploadComplete, UploadCreate, UploadRead
from core.errors import (
    EmptyRecording,
    Gone,
    MalformedBody,
    NotFound,
    PayloadTooLarge,
    StorageUnavailable,
    UnsupportedMediaType,
    UploadIncomplete,
    UploadMismatch,
)

router = APIRouter(prefix="/v1/uploads", tags=["uploads"])

PARTS_LIMIT: Final = 256 * 1024
"""Bytes of a list of parts with their ETags."""


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    openapi_extra=body_of({"application/json": "UploadCreate"}),
    responses=problems_of(MalformedBody, PayloadTooLarge, UnsupportedMediaType, StorageUnavailable),
)
async def begin_upload(request: Request, owner_id: Submitter, resources: ProcessResources) -> UploadRead:
    """Ask for a place in storage to put one recording to, past this API."""
    body = await read_json(request, UploadCreate)
    return await run_in_threadpool(service.begin, resources, body, owner_id=owner_id)


@router.get("/{upload_id}", responses=problems_of(NotFound))
def read_upload(upload_id: uuid.UUID, owner_id: Submitter, resources: ProcessResources) -> UploadRead:
    """Where an upload stands, and where to send what is still to be sent."""
    return service.read(resources, upload_id, owner_id=owner_id)


@router.post(
    "/{upload_id}/complete",
    openapi_extra=body_of({"application/json": "UploadComplete"}),
    responses=problems_of(
        MalformedBody,
        PayloadTooLarge,
        UnsupportedMediaType,
        NotFound,
        Gone,
        UploadIncomplete,
        UploadMismatch,
        EmptyRecording,
        StorageUnavailable,
    ),
)
async def complete_upload(
    upload_id: uuid.UUID, request: Request, owner_id: Submitter, resources: ProcessResources
) -> UploadRead:
    """Put the parts together, and check size and digest. Sent again, it answers the same."""
    body = await read_json(request, UploadComplete, limit=PARTS_LIMIT)
    work = partial(completion.complete, resources, upload_id, body, owner_id=owner_id)
    # Reading a large object for its digest takes as long as receiving one, and may keep no other request.
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(resources.part_threads, context.run, work)
