"""/v1/uploads"""

from __future__ import annotations

from fastapi import APIRouter, Request, status
from fastapi.concurrency import run_in_threadpool

from api.bodies import read_json
from api.dependencies import ProcessResources, Submitter
from api.responses import body_of, problems_of
from api.uploads import service
from api.uploads.schemas import UploadCreate, UploadRead
from core.errors import MalformedBody, PayloadTooLarge, UnsupportedMediaType

router = APIRouter(prefix="/v1/uploads", tags=["uploads"])


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    openapi_extra=body_of({"application/json": "UploadCreate"}),
    responses=problems_of(MalformedBody, PayloadTooLarge, UnsupportedMediaType),
)
async def begin_upload(request: Request, owner_id: Submitter, resources: ProcessResources) -> UploadRead:
    """Ask for a place in storage to PUT one recording to, past this API."""
    body = await read_json(request, UploadCreate)
    return await run_in_threadpool(service.begin, resources, body, owner_id=owner_id)
