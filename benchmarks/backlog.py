"""A backlog of queued chunks as months of many callers would leave it, made inside Postgres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Engine, text

CHUNKS_PER_JOB: Final = 40
OWNERS: Final = 50
LIVE_SHARE: Final = 0.02
BUSY_MODEL: Final = "whisper-base"
OTHER_MODEL: Final = "whisper-tiny.en"
BUSY_SHARE: Final = 0.7
"""Of the jobs; the others wait for the other model, in the same index."""

# Owner i of n has a share near 1/i (Zipf): n ** random() is spread evenly over the logarithm.
JOBS: Final = """
CREATE TEMPORARY TABLE planned AS
SELECT
    gen_random_uuid() AS id,
    job,
    md5('owner ' || floor(power(:owners + 1, random())))::uuid AS owner_id,
    CASE WHEN random() < :busy_share THEN :busy_model ELSE :other_model END AS model,
    CASE WHEN random() < :live_share THEN 'live' ELSE 'bulk' END AS lane
FROM generate_series(1, :jobs) AS job
"""

OWNER_ROWS: Final = """
INSERT INTO owners (id, name, weight)
SELECT md5('owner ' || i)::uuid, 'owner ' || i, 1 FROM generate_series(1, :owners) AS i
"""

RECORDING_ROWS: Final = """
INSERT INTO recordings (id, owner_id, object_key, size_bytes)
SELECT id, owner_id, 'recordings/' || id, 1000000 FROM planned ORDER BY job
"""

JOB_ROWS: Final = """
INSERT INTO jobs (id, owner_id, recording_id, model, lane, roles, details, state, stage, attempt,
    crash_count, retry_count, vft, hints, chunks_total, chunks_done, started_at, prepared_at)
SELECT id, owner_id, id, model, lane, '{}', '{}', 'processing', 'transcribing', 1,
    0, 0, 0, 0, :chunks_per_job, 0, clock_timestamp(), clock_timestamp()
FROM planned ORDER BY job
"""

# Durations from 0.6 to 30 s, more long ones than short ones. The tag is the owner's running sum, as
# models/fairness.py makes it.
CHUNK_ROWS: Final = """
INSERT INTO chunks (job_id, channel, index, start_ms, end_ms, speech_ms, object_key, first_byte, last_byte,
    first_sample, model, lane, bucket, vft, alone, state, attempt, crash_count)
SELECT id, i % 2, i / 2, i * 30000, i * 30000 + ms, ARRAY[i * 30000, i * 30000 + ms],
    'prepared/' || id || '/1/' || i % 2 || '.flac', i * 200000, i * 200000 + 199999,
    i * 480000, model, lane, (ms > 4000)::int + (ms > 8000)::int + (ms > 16000)::int,
    sum(ms / 1000.0) OVER (PARTITION BY model, lane, owner_id ORDER BY job, i), false, 'queued', 0, 0
FROM (
    SELECT *, 600 + floor(29400 * power(random(), 0.6))::bigint AS ms
    FROM planned, generate_series(0, :chunks_per_job - 1) AS i
) AS cut
ORDER BY job, i
"""


@dataclass(frozen=True, slots=True)
class BacklogSize:
    chunks: int
    of_busy_model: int
    audio_hours: float
    table_mib: float
    claim_index_mib: float


def make_backlog(engine: Engine, *, chunks: int) -> None:
    """Repeatable: the same numbers come out of each run."""
    with engine.begin() as connection:
        # It takes longer than anything that serves callers may.
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT setseed(0.42)"))
        _fill(connection, jobs=chunks // CHUNKS_PER_JOB)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        # As autovacuum leaves tables that have been there for a while.
        connection.execute(text("VACUUM (ANALYZE) chunks, jobs, recordings, owners"))
        connection.execute(text("CHECKPOINT"))
        connection.execute(text("RESET statement_timeout"))


def size_of_backlog(engine: Engine) -> BacklogSize:
    query = """
        SELECT count(*) AS chunks, count(*) FILTER (WHERE model = :busy_model) AS of_busy_model,
            sum(end_ms - start_ms) / 3600000.0 AS audio_hours,
            pg_table_size('chunks') / 1048576.0 AS table_mib,
            pg_relation_size('ix_chunks_claim') / 1048576.0 AS claim_index_mib
        FROM chunks WHERE state = 'queued'
    """
    with engine.connect() as connection:
        row = connection.execute(text(query), {"busy_model": BUSY_MODEL}).one()
    return BacklogSize(
        chunks=row.chunks,
        of_busy_model=row.of_busy_model,
        audio_hours=float(row.audio_hours),
        table_mib=float(row.table_mib),
        claim_index_mib=float(row.claim_index_mib),
    )


def _fill(connection: Connection, *, jobs: int) -> None:
    names = {
        "jobs": jobs,
        "owners": OWNERS,
        "busy_share": BUSY_SHARE,
        "busy_model": BUSY_MODEL,
        "other_model": OTHER_MODEL,
        "live_share": LIVE_SHARE,
        "chunks_per_job": CHUNKS_PER_JOB,
    }
    for statement in (JOBS, OWNER_ROWS, RECORDING_ROWS, JOB_ROWS, CHUNK_ROWS):
        connection.execute(text(statement), names)
