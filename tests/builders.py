"""Rows for tests, made the way the system makes them."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy.orm import Session

from core.database import SessionFactory
from models import Chunk, Hypothesis, Job, JobStage, JobState, Lane, LeasedChunk, Owner, Recording
from models.repositories import clock
from models.repositories.chunk_claims import Budget
from models.repositories.chunks import ChunkRepository
from models.repositories.device_batches import DeviceBatchRepository
from models.repositories.jobs import JobRepository
from models.repositories.owners import OwnerRepository
from models.repositories.recordings import RecordingRepository

TTL = timedelta(seconds=60)
EXPIRED = timedelta(seconds=-1)
MODEL = "scripted"
ROOM = Budget(audio_ms=240_000, chunks=8)


def owner(session: Session, name: str = "acme") -> Owner:
    return OwnerRepository(session).named(name)


def queued_job(session: Session, owner: Owner, *, lane: Lane = Lane.BULK, seconds: float = 10.0) -> Job:
    recording = RecordingRepository(session).add(
        Recording(owner_id=owner.id, object_key=f"recordings/{uuid.uuid4()}", size_bytes=1)
    )
    job = Job(owner_id=owner.id, recording_id=recording.id, model=MODEL, lane=lane, roles={}, details={})
    return JobRepository(session).add(job, expected_seconds=seconds)


def chunk(index: int, *, seconds: float = 10.0) -> Chunk:
    start_ms = index * 30_000
    return Chunk(
        channel=0,
        index=index,
        start_ms=start_ms,
        end_ms=start_ms + int(seconds * 1000),
        speech_ms=[start_ms, start_ms + int(seconds * 1000)],
        object_key="prepared/somewhere.flac",
        first_byte=0,
        last_byte=99,
        first_sample=start_ms * 16,
    )


def prepared_job(
    session: Session,
    owner: Owner,
    *,
    chunks: int = 1,
    seconds: float = 10.0,
    lane: Lane = Lane.BULK,
) -> Job:
    """A job whose chunks wait for a device."""
    job = queued_job(session, owner, lane=lane)
    JobRepository(session).claim(job.id, JobStage.PREPARING, ttl=TTL)
    job.chunks_total = chunks
    job.advance(JobStage.TRANSCRIBING if chunks else JobStage.FINISHING, at=clock.now(session))
    ChunkRepository(session).queue(job, [chunk(index, seconds=seconds) for index in range(chunks)])
    return job


def started_batch(
    sessions: SessionFactory, *, budget: Budget = ROOM, ttl: timedelta = TTL, worker: str = "w1"
) -> tuple[uuid.UUID, list[LeasedChunk]]:
    """A device batch that was opened and claimed."""
    with sessions.begin() as session:
        batch_id = DeviceBatchRepository(session).open(MODEL).id
    with sessions.begin() as session:
        _, chunks = DeviceBatchRepository(session).start(batch_id, worker=worker, budget=budget, ttl=ttl)
    return batch_id, chunks


def hypothesis(chunk: Chunk | LeasedChunk, text: str = "hello") -> Hypothesis:
    return Hypothesis(
        chunk_id=chunk.id,
        attempt=chunk.attempt,
        text=text,
        token_logprobs=[-0.1],
        finish_reason="eos",
        engine_version="scripted 1",
        dtype="float32",
    )


def state_of(sessions: SessionFactory, job_id: uuid.UUID) -> JobState:
    with sessions.begin() as session:
        return session.get_one(Job, job_id).state
