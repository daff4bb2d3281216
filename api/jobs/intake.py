"""A recording on its way from the caller to storage, in memory that does not grow with it."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from starlette.requests import Request

from api.bodies import media_type_of
from api.incoming import incoming
from api.jobs.form import RecordingForm
from api.jobs.object_writer import Nowhere, ObjectWriter
from api.resources import Resources
from core.database import SessionFactory
from core.errors import DatabaseUnavailable, EmptyRecording, MalformedBody, PayloadTooLarge, ServerBusy
from models.recording import Recording
from models.repositories.recordings import RecordingRepository
from submission.recordings import place_of

logger = logging.getLogger(__name__)

REMOVAL_PATIENCE: Final = 5.0
"""Seconds; the sweep of storage finds what a removal leaves behind."""


@dataclass(slots=True)
class Received:
    """A recording that is in storage, and nobody's yet."""

    row: Recording
    fields: dict[str, str] = field(default_factory=dict)
    """The rest of the form it came in, unchecked."""
    may_be_wanted: bool = False
    """Set before COMMIT is sent: from then on only the database knows whether a job has it."""


@asynccontextmanager
async def received(
    request: Request, resources: Resources, *, owner_id: uuid.UUID, keep: bool = True
) -> AsyncIterator[Received]:
    """The recording of a form. Nothing of it stays in storage unless it `may_be_wanted` in the end.

    Where it is known already, `keep` is off: it is read for its digest and stored nowhere.
    """
    limit = resources.settings.max_upload_bytes
    if int(request.headers.get("Content-Length", "0")) > limit:
        raise PayloadTooLarge(f"A request may have {limit} bytes here.")
    recording = Recording(id=uuid.uuid4(), owner_id=owner_id)
    recording.object_key = place_of(recording)
    intake = Received(recording)
    async with _slot(resources):
        destination = resources.storage if keep else Nowhere()
        writer = ObjectWriter(destination, recording.object_key, resources.part_threads)
        is_wanted = False
        try:
            form = await _transfer(request, writer, resources)
            intake.fields = form.fields
            recording.filename = form.filename
            recording.size_bytes = writer.size_bytes
            recording.sha256 = writer.sha256
            yield intake
            is_wanted = intake.may_be_wanted
        finally:
            if not is_wanted:
                # Even when this request is being canceled, in a thread that outlives it, and behind its wall:
                # outside of one the API's login may see no recording.
                loop = asyncio.get_running_loop()
                remove = partial(copy_context().run, _discard, intake, writer, resources.sessions)
                removal = loop.run_in_executor(resources.part_threads, remove)
                # Whoever asked hears of the failure, however long the removal hangs.
                await asyncio.wait([removal], timeout=REMOVAL_PATIENCE)


@asynccontextmanager
async def _slot(resources: Resources) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(resources.settings.upload_slot_timeout.total_seconds()):
            await resources.upload_slots.acquire()
    except TimeoutError as error:
        raise ServerBusy from error
    try:
        yield
    finally:
        resources.upload_slots.release()


async def _transfer(request: Request, writer: ObjectWriter, resources: Resources) -> RecordingForm:
    form = RecordingForm(_boundary_of(request))
    limit = resources.settings.max_upload_bytes
    async with aclosing(incoming(request, resources.settings, limit=limit)) as pieces:
        async for piece in pieces:
            await writer.write(form.feed(piece))
    form.close()
    if writer.size_bytes == 0:
        raise EmptyRecording
    await writer.finish()
    return form


def _boundary_of(request: Request) -> str:
    boundary = media_type_of(request).get_param("boundary")
    if not isinstance(boundary, str) or not boundary:
        raise MalformedBody("The Content-Type of the form names no boundary.")
    return boundary


def _discard(intake: Received, writer: ObjectWriter, sessions: SessionFactory) -> None:
    if not belongs_to_a_job(intake, sessions):
        writer.discard()


def belongs_to_a_job(intake: Received, sessions: SessionFactory) -> bool:
    """Whether a COMMIT went through although no answer came. In doubt the audio is kept."""
    if not intake.may_be_wanted:
        return False
    try:
        with sessions.begin() as session:
            return RecordingRepository(session).is_stored(intake.row)
    except DatabaseUnavailable:
        logger.warning("Object was kept in doubt", extra={"recording_id": str(intake.row.id)})
        return True
