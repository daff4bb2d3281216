"""What the stages of a recording are called with, and what comes of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.database import SessionFactory
from models import (
    Job,
)
from models.repositories.device_batches import DeviceBatchRepository
from models.repositories.recordings import RecordingRepository
from tests import builders
from tests.builders import MODEL
from workers.engine_process.hosts import ThreadHost
from workers.engine_process.keeper import EngineKeeper
from workers.engines.continuous import continuous
from workers.engines.scripted import ScriptedEngine
from workers.process import Process
from workers.transcription.device_batches import DeviceBatchRunner
from workers.transcription.summary import Summary

SAMPLE = Path("samples/call_en.wav")
TURNS = 8


def submitted(process: Process, body: bytes) -> uuid.UUID:
    key = f"recordings/{uuid.uuid4()}"
    process.storage.put(key, body)
    with process.sessions.begin() as session:
        job = builders.queued_job(session, builders.owner(session))
        RecordingRepository(session).get(job.recording_id).object_key = key
    return job.id


def transcribe(process: Process, engine: ScriptedEngine) -> Summary | None:
    with process.sessions.begin() as session:
        batch_id = DeviceBatchRepository(session).open(MODEL).id
    with kept(engine) as keeper:
        return DeviceBatchRunner(process, keeper, worker="tests").run(batch_id)


@contextmanager
def kept(engine: ScriptedEngine) -> Iterator[EngineKeeper]:
    keeper = EngineKeeper(lambda: continuous(engine), ThreadHost, retry_pause=0.0)
    keeper.start()
    try:
        yield keeper
    finally:
        keeper.close()


def job_of(sessions: SessionFactory, job_id: uuid.UUID) -> Job:
    with sessions.begin() as session:
        return session.get_one(Job, job_id)
