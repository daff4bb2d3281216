"""Everything that one owner hands over at once, put into the tables by a few statements."""

from __future__ import annotations

import uuid
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from models import Lane, Owner
from models.repositories.fairness import FairnessRepository, preparation_queue, transcription_queue

CHUNKS_PER_JOB: Final = 40
JOB_SECONDS: Final = 300.0
MEAN_SECONDS: Final = 15.3
"""Of a chunk, as they are cut below."""
JOBS_AT_ONCE: Final = 250
"""No statement may take as long as all of them would on a busy machine."""

RECORDINGS: Final = """
INSERT INTO recordings (id, owner_id, object_key, size_bytes)
SELECT md5(:bulk || number)::uuid, :owner, 'recordings/' || :bulk || number, 1000000
FROM generate_series(1, :jobs) AS number
"""

QUEUED_JOBS: Final = """
INSERT INTO jobs (id, owner_id, recording_id, model, lane, roles, details, state, attempt,
    crash_count, retry_count, vft, hints, chunks_total, chunks_done)
SELECT md5(:bulk || number)::uuid, :owner, md5(:bulk || number)::uuid, :model, :lane, '{}', '{}', 'queued', 0,
    0, 0, :begin + number * :step, 0, 0, 0
FROM generate_series(1, :jobs) AS number
"""

PREPARED_JOBS: Final = """
INSERT INTO jobs (id, owner_id, recording_id, model, lane, roles, details, state, stage, attempt,
    crash_count, retry_count, vft, hints, chunks_total, chunks_done, started_at, prepared_at)
SELECT md5(:bulk || number)::uuid, :owner, md5(:bulk || number)::uuid, :model, :lane, '{}', '{}',
    'processing', 'transcribing', 1, 0, 0, 0, 0, :chunks_per_job, 0, clock_timestamp(), clock_timestamp()
FROM generate_series(1, :jobs) AS number
"""

# Of all durations up to 30 s, and in no order, as they are cut at pauses.
CHUNKS: Final = """
INSERT INTO chunks (job_id, channel, index, start_ms, end_ms, speech_ms, object_key, first_byte, last_byte,
    first_sample, model, lane, bucket, vft, alone, state, attempt, crash_count)
SELECT md5(:bulk || number)::uuid, 0, i, i * 30000, i * 30000 + ms, ARRAY[i * 30000, i * 30000 + ms],
    'prepared/' || :bulk || number, 0, 99, i * 480000, :model, :lane,
    (ms > 4000)::int + (ms > 8000)::int + (ms > 16000)::int,
    :begin + sum(ms) OVER (ORDER BY number, i) / 1000.0 / :weight, false, 'queued', 0, 0
FROM (
    SELECT number, i, 600 + (number * :chunks_per_job + i) * 7919 % 29400 AS ms
    FROM generate_series(1, :jobs) AS number, generate_series(0, :chunks_per_job - 1) AS i
) AS cut
"""


def queue_jobs(session: Session, owner: Owner, jobs: int, *, model: str, lane: Lane = Lane.BULK) -> None:
    """Recordings that wait to be prepared, with the tags that submitting them one by one gives."""
    begin, end = _promised(session, preparation_queue(lane), owner, jobs * JOB_SECONDS)
    values = _values(owner, jobs=jobs, model=model, lane=lane)
    _insert(session, (RECORDINGS, QUEUED_JOBS), {**values, "begin": begin, "step": (end - begin) / jobs})


def queue_chunks(session: Session, owner: Owner, chunks: int, *, model: str, lane: Lane = Lane.BULK) -> None:
    """Chunks that wait for a device, in jobs of forty."""
    for first in range(0, chunks // CHUNKS_PER_JOB, JOBS_AT_ONCE):
        jobs = min(JOBS_AT_ONCE, chunks // CHUNKS_PER_JOB - first)
        seconds = jobs * CHUNKS_PER_JOB * MEAN_SECONDS
        begin, _ = _promised(session, transcription_queue(model, lane), owner, seconds)
        values = _values(owner, jobs=jobs, model=model, lane=lane)
        _insert(session, (RECORDINGS, PREPARED_JOBS, CHUNKS), {**values, "begin": begin})


def _promised(session: Session, queue: str, owner: Owner, seconds: float) -> tuple[float, float]:
    """From where to where it reaches in virtual time."""
    (end,) = FairnessRepository(session).tags(queue, owner_id=owner.id, costs=[seconds])
    return end - seconds / owner.weight, end


def _values(owner: Owner, *, jobs: int, model: str, lane: Lane) -> dict[str, object]:
    return {
        "bulk": str(uuid.uuid4()),
        "owner": owner.id,
        "jobs": jobs,
        "model": model,
        "lane": lane.value,
        "chunks_per_job": CHUNKS_PER_JOB,
        "weight": owner.weight,
    }


def _insert(session: Session, statements: tuple[str, ...], values: dict[str, object]) -> None:
    for statement in statements:
        used = {name: value for name, value in values.items() if f":{name}" in statement}
        session.execute(text(statement), used)
