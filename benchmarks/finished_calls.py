"""Calls that are over, as a year of many owners leaves them, of which two owners keep only the younger."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final

from sqlalchemy import Engine, text

from benchmarks.backlog import OWNER_ROWS
from core.storage import ObjectStorage

OWNERS: Final = 50
STRICT: Final = ("owner 1", "owner 2")
"""The others keep all for ever."""
AUDIO: Final = bytes(16_000)
"""A second of telephone sound; what an object weighs matters little to whoever deletes it."""

RECORDING_ROWS: Final = """
INSERT INTO recordings (id, owner_id, object_key, size_bytes, filename)
SELECT id, owner_id, 'recordings/' || owner_id || '/' || id, 16000, 'call.wav'
FROM (
    SELECT md5('call ' || i)::uuid AS id, md5('owner ' || 1 + i % :owners)::uuid AS owner_id
    FROM generate_series(1, :calls) AS i
) AS made
"""
# Of each owner one after the other, evenly over a year.
JOB_ROWS: Final = """
INSERT INTO jobs (id, owner_id, recording_id, model, lane, roles, details, state, attempt, crash_count,
    retry_count, vft, hints, chunks_total, chunks_done, started_at, prepared_at, finished_at, cleared_at)
SELECT md5('call ' || i)::uuid, md5('owner ' || 1 + i % :owners)::uuid, md5('call ' || i)::uuid,
    'scripted', 'bulk', '{}', '{"agent": "Smith"}', 'completed', 2, 0, 0, 0, 0, 0, 0,
    ended, ended, ended, ended
FROM (
    SELECT i, clock_timestamp() - make_interval(secs => i * 365 * 86400.0 / :calls) AS ended
    FROM generate_series(1, :calls) AS i
) AS made
"""
CHANNEL_ROWS: Final = """
INSERT INTO channels (job_id, index, object_key, duration_ms, speech_ms)
SELECT id, 0, 'prepared/' || owner_id || '/' || id || '/1/0.flac', 1000, 500 FROM jobs
"""
TRANSCRIPT_ROWS: Final = """
INSERT INTO transcripts (job_id, content) SELECT id, '{"text": "my card number is"}' FROM jobs
"""
OF_THE_STRICT: Final = "jobs JOIN owners ON owners.id = owner_id WHERE name = ANY(:strict)"
KEYS_OF_THE_OLDEST: Final = f"""
SELECT recordings.object_key, channels.object_key
FROM channels JOIN recordings ON recordings.id = job_id
WHERE job_id IN (SELECT jobs.id FROM {OF_THE_STRICT} ORDER BY finished_at LIMIT :past)
"""  # noqa: S608 - our own constant
# The age of the last one that is to go; the next is some minutes younger.
POLICY: Final = f"""
UPDATE owners SET keep_audio_days = days, keep_transcripts_days = days FROM (
    SELECT extract(epoch FROM clock_timestamp() - finished_at) / 86400 AS days
    FROM {OF_THE_STRICT} ORDER BY finished_at OFFSET :past - 1 LIMIT 1
) AS last WHERE name = ANY(:strict)
"""  # noqa: S608
GONE: Final = "SELECT count(*) FROM jobs WHERE erased_at IS NOT NULL AND audio_erased_at IS NOT NULL"
YOUNG_OR_FOREIGN: Final = """
SELECT count(*) FROM jobs JOIN owners ON owners.id = owner_id
WHERE (erased_at IS NOT NULL OR audio_erased_at IS NOT NULL)
AND (keep_audio_days IS NULL
    OR finished_at > clock_timestamp() - make_interval(secs => keep_audio_days * 86400))
"""


def make_finished_calls(engine: Engine, storage: ObjectStorage, *, calls: int, past: int) -> None:
    """So many, of which so many have outlived their owner's policy; these alone have their two objects."""
    values: dict[str, object] = {"owners": OWNERS, "calls": calls, "past": past, "strict": list(STRICT)}
    with engine.begin() as connection:
        # It takes longer than anything that serves callers may.
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        for rows in (OWNER_ROWS, RECORDING_ROWS, JOB_ROWS, CHANNEL_ROWS, TRANSCRIPT_ROWS):
            connection.execute(text(rows), values)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
    with engine.begin() as connection:
        keys = connection.execute(text(KEYS_OF_THE_OLDEST), values).all()
        connection.execute(text(POLICY), values)
    with ThreadPoolExecutor(8) as threads:
        for written in [threads.submit(storage.put, key, AUDIO) for row in keys for key in row]:
            written.result()


def count_gone(engine: Engine) -> tuple[int, int]:
    """How many calls went, and of these how many should not have."""
    with engine.connect() as connection:
        gone, wrong = (connection.execute(text(query)).scalar_one() for query in (GONE, YOUNG_OR_FOREIGN))
    return int(gone), int(wrong)
