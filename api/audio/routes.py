"""/v1/audio/transcriptions"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.audio import service
from api.dependencies import Caller, ProcessResources
from api.idempotency import Asked, KeyHeader
from api.responses import body_of, openai_errors_of, texts_of
from core.errors import (
    Conflict,
    Gone,
    IdempotencyInFlight,
    IdempotencyKeyReused,
    JobNotDone,
    MalformedBody,
    PayloadTooLarge,
    QuotaExceeded,
    RecordingRejected,
    ServerBusy,
    StorageUnavailable,
    UnknownModel,
    UnsupportedMediaType,
    UnsupportedOption,
)

router = APIRouter(prefix="/v1/audio", tags=["openai"])


@router.post(
    "/transcriptions",
    openapi_extra=body_of({"multipart/form-data": "TranscriptionRequest"}),
    responses=texts_of("text/plain", "application/x-subrip", "text/vtt")
    | openai_errors_of(
        MalformedBody,
        Conflict,
        IdempotencyInFlight,
        IdempotencyKeyReused,
        Gone,
        PayloadTooLarge,
        UnsupportedMediaType,
        UnknownModel,
        UnsupportedOption,
        RecordingRejected,
        StorageUnavailable,
        QuotaExceeded,
        ServerBusy,
        JobNotDone,
    ),
)
async def create_transcription(
    request: Request, owner_id: Caller, resources: ProcessResources, idempotency_key: KeyHeader = None
) -> Response:
    """Transcribe one recording and wait for it, as OpenAI's clients ask and read.

    `X-Job-Id` names the job, which is kept as any other.
    """
    asked = Asked(owner_id, f"{request.method} {request.url.path}", idempotency_key)
    return await service.transcribe(request, resources, asked)
