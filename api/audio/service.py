"""One recording, transcribed while its caller waits: a job as any other, and its end awaited."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Final

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api import problems
from api.audio.errors import SHOULD_RETRY
from api.audio.options import ResponseFormat, TranscriptionForm, without_suffixes
from api.audio.presentation import presented
from api.bodies import checked, media_type_of
from api.idempotency import Asked
from api.jobs import service as jobs
from api.jobs import submission
from api.jobs.routes import is_over
from api.jobs.schemas import JobRead
from api.resources import Resources
from api.transcripts import service as transcripts
from core.errors import JobNotDone, UnsupportedMediaType
from models.states import JobState
from submission.options import JobOptions

JOB: Final = "X-Job-Id"


async def transcribe(request: Request, resources: Resources, asked: Asked) -> Response:
    """The transcript, or an error that names the job if there is one by then."""
    if media_type_of(request).get_content_type() != "multipart/form-data":
        raise UnsupportedMediaType("A recording is sent as multipart/form-data.")
    wanted = _Wanted()
    with resources.keys_in_flight.entered(asked):
        accepted = await submission.submit_form(request, resources, asked, options_of=wanted.options)
    read = partial(run_in_threadpool, _read, resources, accepted.job_id, asked.owner_id)
    seconds = resources.settings.transcription_timeout.total_seconds()
    job = await resources.endings.wait(accepted.job_id, read, is_over=is_over, seconds=seconds)
    if job.status is not JobState.COMPLETED:
        return _without_transcript(request, job)
    return await run_in_threadpool(_completed, resources, job, asked.owner_id, wanted.response_format)


class _Wanted:
    """In which form, which is known once the recording has come in: fields may follow the file."""

    response_format = ResponseFormat.JSON

    def options(self, fields: Mapping[str, str]) -> JobOptions:
        form = checked(TranscriptionForm, without_suffixes(fields))
        self.response_format = form.response_format
        return form.job_options()


def _read(resources: Resources, job_id: uuid.UUID, owner_id: uuid.UUID) -> JobRead:
    with resources.database_gate.entered(), resources.sessions.begin() as session:
        return jobs.read(session, job_id, owner_id=owner_id)


def _completed(resources: Resources, job: JobRead, owner_id: uuid.UUID, form: ResponseFormat) -> Response:
    with resources.sessions.begin() as session:
        content = transcripts.content_of(session, job.id, owner_id=owner_id)
    body, media_type = presented(content, form)
    return Response(body, headers={JOB: str(job.id)}, media_type=media_type)


def _without_transcript(request: Request, job: JobRead) -> Response:
    """Sent again by a client of its own accord, it would be transcribed twice: that is for people to say."""
    headers = {JOB: str(job.id), SHOULD_RETRY: "false"}
    if job.error is not None:
        status = HTTPStatus.INTERNAL_SERVER_ERROR if job.error.retryable else HTTPStatus.BAD_REQUEST
        return problems.answer(
            request, status, code=job.error.code, detail=job.error.message, headers=headers
        )
    message = f"Job {job.id} is {job.status}; GET {job.links.self} tells when it has ended."
    return problems.answer(
        request, HTTPStatus.GATEWAY_TIMEOUT, code=JobNotDone.code, detail=message, headers=headers
    )
