"""Jobs from their submission to their end, by the statements that the system itself uses, without audio."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Final

from sqlalchemy.orm import Session

from core.database import SessionFactory
from models import Chunk, Hypothesis, IdempotencyKey, Job, JobStage, Lane, LeasedChunk, Recording, Transcript
from models.repositories import clock
from models.repositories.chunk_claims import Budget
from models.repositories.chunks import ChunkRepository
from models.repositories.device_batches import DeviceBatchRepository
from models.repositories.endings import Endings
from models.repositories.idempotency_keys import IdempotencyKeyRepository
from models.repositories.jobs import JobRepository
from models.repositories.owners import OwnerRepository
from models.repositories.recordings import RecordingRepository
from workers.transcription.committing import commit_hypotheses
from workers.upkeep.clear_chunks import clear_chunks
from workers.upkeep.purge_device_batches import purge_device_batches
from workers.upkeep.purge_idempotency_keys import purge_idempotency_keys

MODEL: Final = "scripted"
TTL: Final = timedelta(minutes=1)
AT_ONCE: Final = 100
"""Jobs that are under way together."""
CHUNKS_PER_JOB: Final = 8
BUDGET: Final = Budget(audio_ms=64 * 30_000, chunks=64)
TEXT: Final = "What was said in half a minute of a call is about as long as this is. " * 5
LOGPROBS: Final = [-0.1] * 90
KEEP_NOTHING: Final = timedelta(0)


def work_off(sessions: SessionFactory, *, jobs: int) -> None:
    """So many jobs, some at a time, each step in a transaction as short as the system's own."""
    for first in range(0, jobs, AT_ONCE):
        queued = [_queue(sessions) for _ in range(min(AT_ONCE, jobs - first))]
        for job_id in queued:
            _prepare(sessions, job_id)
        while _transcribe(sessions):
            pass
        for job_id in queued:
            _finish(sessions, job_id)


def clean_up(sessions: SessionFactory) -> None:
    """The upkeep of the days after, at once: nothing that ended is kept."""
    purges: tuple[Callable[[Session], int], ...] = (
        partial(clear_chunks, keep=KEEP_NOTHING),
        partial(purge_device_batches, keep=KEEP_NOTHING),
        purge_idempotency_keys,
    )
    for purge in purges:
        while _step(sessions, purge):
            pass


def _step(sessions: SessionFactory, purge: Callable[[Session], int]) -> int:
    with sessions.begin() as session:
        return purge(session)


def _queue(sessions: SessionFactory) -> uuid.UUID:
    with sessions.begin() as session:
        owner = OwnerRepository(session).named("benchmark")
        recording = Recording(owner_id=owner.id, object_key=f"recordings/{uuid.uuid4()}", size_bytes=1)
        RecordingRepository(session).add(recording)
        job = Job(owner_id=owner.id, recording_id=recording.id, model=MODEL, lane=Lane.BULK)
        JobRepository(session).add(job, expected_seconds=240.0)
        row = IdempotencyKey(
            owner_id=owner.id,
            key=str(job.id),
            fingerprint=job.id.bytes,
            job_id=job.id,
            response=TEXT,
            expires_at=clock.now(session),
        )
        IdempotencyKeyRepository(session).add(row)
        return job.id


def _prepare(sessions: SessionFactory, job_id: uuid.UUID) -> None:
    with sessions.begin() as session:
        JobRepository(session).claim(job_id, JobStage.PREPARING, ttl=TTL)
    with sessions.begin() as session:
        job = JobRepository(session).locked(job_id)
        job.chunks_total = CHUNKS_PER_JOB
        job.advance(JobStage.TRANSCRIBING, at=clock.now(session))
        ChunkRepository(session).queue(job, [_chunk(index) for index in range(CHUNKS_PER_JOB)])


def _chunk(index: int) -> Chunk:
    start_ms, end_ms = index * 30_000, index * 30_000 + 29_000
    return Chunk(
        channel=0,
        index=index,
        start_ms=start_ms,
        end_ms=end_ms,
        speech_ms=[start_ms, end_ms],
        object_key="prepared/somewhere.flac",
        first_byte=index * 200_000,
        last_byte=index * 200_000 + 199_999,
        first_sample=index * 480_000,
    )


def _transcribe(sessions: SessionFactory) -> bool:
    """One device batch; False when no chunk waits."""
    with sessions.begin() as session:
        batch_id = DeviceBatchRepository(session).open(MODEL).id
    with sessions.begin() as session:
        batch, chunks = DeviceBatchRepository(session).start(
            batch_id, worker="benchmark", budget=BUDGET, ttl=TTL
        )
    if not chunks:
        return False
    with sessions.begin() as session:
        DeviceBatchRepository(session).renew(batch_id, attempt=batch.attempt, ttl=TTL)
    with sessions.begin() as session:
        held = DeviceBatchRepository(session).held(batch_id, attempt=batch.attempt)
        commit_hypotheses(session, held, [_hypothesis(chunk) for chunk in chunks])
    return True


def _hypothesis(chunk: LeasedChunk) -> Hypothesis:
    return Hypothesis(
        chunk_id=chunk.id,
        attempt=chunk.attempt,
        text=TEXT,
        token_logprobs=LOGPROBS,
        finish_reason="eos",
        engine_version="benchmark",
        dtype="none",
    )


def _finish(sessions: SessionFactory, job_id: uuid.UUID) -> None:
    with sessions.begin() as session:
        JobRepository(session).claim(job_id, JobStage.FINISHING, ttl=TTL)
    with sessions.begin() as session:
        job = JobRepository(session).locked(job_id)
        ChunkRepository(session).heard(job_id)
        Endings(session).complete(job, Transcript(job_id=job_id, content={"text": TEXT}))
