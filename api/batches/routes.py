"""/v1/batches"""

from __future__ import annotations

import uuid
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response, status
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from api.batches import exports, making, service
from api.batches.exports import Export
from api.batches.schemas import (
    BatchCreate,
    BatchPage,
    BatchQuery,
    BatchRead,
    ExportQuery,
    ItemPage,
    ItemQuery,
    ItemsAdd,
    ItemsAdded,
    Review,
    ReviewQuery,
)
from api.bodies import json_of
from api.dependencies import DbSession, ProcessResources, Reader, Submitter, Watcher
from api.idempotency import REPLAYED, Asked, KeyHeader
from api.jobs.schemas import JobWait
from api.resources import Resources
from api.responses import body_of, problems_of, texts_of
from core.errors import (
    Conflict,
    Gone,
    IdempotencyInFlight,
    IdempotencyKeyReused,
    ImportForbidden,
    NotFound,
    PayloadTooLarge,
    UnknownModel,
    UnsupportedMediaType,
    UnsupportedOption,
)
from models.repositories.batches import BatchRepository
from models.states import BatchState

router = APIRouter(prefix="/v1/batches", tags=["batches"])

BODY_LIMIT: Final = 16 * 1024 * 1024
ENDED: Final = frozenset({BatchState.COMPLETED, BatchState.CANCELED})
ASK_AGAIN_AFTER: Final = "5"
"""Seconds; `wait` is the better way."""
MEDIA_TYPES: Final = {"jsonl": "application/jsonl", "csv": "text/csv; charset=utf-8"}


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    openapi_extra=body_of({"application/json": "BatchCreate"}),
    responses=problems_of(
        NotFound,
        Conflict,
        Gone,
        IdempotencyInFlight,
        IdempotencyKeyReused,
        PayloadTooLarge,
        UnsupportedMediaType,
        UnknownModel,
        UnsupportedOption,
        ImportForbidden,
    ),
)
def make_batch(
    *,
    owner_id: Submitter,
    body: Annotated[BatchCreate, Depends(json_of(BatchCreate, limit=BODY_LIMIT))],
    request: Request,
    response: Response,
    session: DbSession,
    resources: ProcessResources,
    idempotency_key: KeyHeader = None,
) -> BatchRead:
    """Hand over many recordings at once. Items are looked at one by one: a bad one keeps no other back."""
    asked = Asked(owner_id, f"{request.method} {request.url.path}", idempotency_key)
    batch, is_replay = making.make(session, asked, body, resources.settings)
    response.headers["Location"] = batch.links.self
    if is_replay:
        response.headers[REPLAYED] = "true"
    return batch


@router.get("", responses=problems_of())
def list_batches(query: Annotated[BatchQuery, Query()], owner_id: Watcher, session: DbSession) -> BatchPage:
    """One's own batches, newest first."""
    return service.page(session, query, owner_id=owner_id)


@router.get("/{batch_id}", responses=problems_of(NotFound))
async def read_batch(
    *,
    batch_id: uuid.UUID,
    query: Annotated[JobWait, Query()],
    response: Response,
    owner_id: Watcher,
    resources: ProcessResources,
) -> BatchRead:
    """How far a batch is, at once or as soon as it has ended."""
    read = partial(run_in_threadpool, _read, resources, batch_id, owner_id)
    batch = await resources.endings.wait(batch_id, read, is_over=_is_over, seconds=query.wait)
    if not _is_over(batch):
        response.headers["Retry-After"] = ASK_AGAIN_AFTER
    return batch


def _read(resources: Resources, batch_id: uuid.UUID, owner_id: uuid.UUID) -> BatchRead:
    with resources.database_gate.entered(), resources.sessions.begin() as session:
        return service.read(session, batch_id, owner_id=owner_id)


def _is_over(batch: BatchRead) -> bool:
    return batch.status in ENDED


@router.post(
    "/{batch_id}/items",
    openapi_extra=body_of({"application/json": "ItemsAdd"}),
    responses=problems_of(NotFound, Conflict, PayloadTooLarge, UnsupportedMediaType),
)
def add_items(
    batch_id: uuid.UUID,
    owner_id: Submitter,
    body: Annotated[ItemsAdd, Depends(json_of(ItemsAdd, limit=BODY_LIMIT))],
    session: DbSession,
) -> ItemsAdded:
    """Further items of an open batch; one that it has already is refused as `duplicate_custom_id`."""
    return service.add(session, batch_id, body.items, owner_id=owner_id)


@router.post("/{batch_id}/close", responses=problems_of(NotFound))
def close_batch(batch_id: uuid.UUID, owner_id: Submitter, session: DbSession) -> BatchRead:
    """No more items come: the batch ends when those that it has are over. Again and again does no harm."""
    return service.close(session, batch_id, owner_id=owner_id)


@router.post("/{batch_id}/cancel", responses=problems_of(NotFound, Conflict))
def cancel_batch(batch_id: uuid.UUID, owner_id: Submitter, session: DbSession) -> BatchRead:
    """End what is not over. What is completed stays. Again and again does no harm."""
    return service.cancel(session, batch_id, owner_id=owner_id)


@router.post("/{batch_id}/retry-failed", responses=problems_of(NotFound, Conflict))
def retry_failed(batch_id: uuid.UUID, owner_id: Submitter, session: DbSession) -> BatchRead:
    """Try failed and expired items again, as new jobs with the same options on the same audio."""
    return service.retry_failed(session, batch_id, owner_id=owner_id)


@router.get("/{batch_id}/items", responses=problems_of(NotFound))
def list_items(
    batch_id: uuid.UUID, query: Annotated[ItemQuery, Query()], owner_id: Watcher, session: DbSession
) -> ItemPage:
    """The items of a batch, each with its job once there is one."""
    return service.items(session, batch_id, query, owner_id=owner_id)


@router.get("/{batch_id}/review", responses=problems_of(NotFound))
def review_batch(
    batch_id: uuid.UUID, query: Annotated[ReviewQuery, Query()], owner_id: Reader, session: DbSession
) -> Review:
    """Which completed calls to listen to first: the least trusted, each with the spans in doubt."""
    return service.review(session, batch_id, query, owner_id=owner_id)


@router.get(
    "/{batch_id}/results",
    response_class=StreamingResponse,
    responses=texts_of("application/jsonl", "text/csv") | problems_of(NotFound),
)
def read_results(
    batch_id: uuid.UUID,
    query: Annotated[ExportQuery, Query()],
    owner_id: Reader,
    resources: ProcessResources,
) -> StreamingResponse:
    """What is completed so far: a transcript a line, or a row a call."""
    with resources.database_gate.entered(), resources.sessions.begin() as session:
        service.note_reading(session, batch_id, owner_id=owner_id)
    return _streamed(exports.results, resources, batch_id, query)


@router.get(
    "/{batch_id}/errors",
    response_class=StreamingResponse,
    responses=texts_of("application/jsonl", "text/csv") | problems_of(NotFound),
)
def read_errors(
    batch_id: uuid.UUID,
    query: Annotated[ExportQuery, Query()],
    owner_id: Watcher,
    resources: ProcessResources,
) -> StreamingResponse:
    """Items that were refused, failed, were canceled or expired, each with the reason."""
    with resources.database_gate.entered(), resources.sessions.begin() as session:
        BatchRepository(session).get(batch_id, owner_id=owner_id)
    return _streamed(exports.errors, resources, batch_id, query)


def _streamed(
    export: Export, resources: Resources, batch_id: uuid.UUID, query: ExportQuery
) -> StreamingResponse:
    """`NotFound` has come before: after the first line no error can be told."""
    lines = export(resources.sessions, batch_id, form=query.format, after=query.after)
    return StreamingResponse(lines, media_type=MEDIA_TYPES[query.format])
