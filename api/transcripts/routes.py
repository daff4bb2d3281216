"""/v1/jobs/{id}/transcript"""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.dependencies import DbSession, Reader
from api.responses import problems_of, texts_of
from api.transcripts import service
from api.transcripts.schemas import TranscriptQuery
from core.errors import Gone, NotFound, TranscriptNotReady
from models.transcript_content import TranscriptContent
from models.transcript_forms import render

router = APIRouter(prefix="/v1/jobs", tags=["transcripts"])


@router.get(
    "/{job_id}/transcript",
    response_model=TranscriptContent,
    responses=texts_of("text/plain", "application/x-subrip", "text/vtt")
    | problems_of(NotFound, Gone, TranscriptNotReady),
)
def read_transcript(
    job_id: uuid.UUID, query: Annotated[TranscriptQuery, Query()], owner_id: Reader, session: DbSession
) -> Response:
    """What was said, once the job is completed."""
    content = service.content_of(session, job_id, owner_id=owner_id)
    return Response(render(content, query.format), media_type=query.format.media_type)
