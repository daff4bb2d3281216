"""What no order of events may leave behind in the tables."""

from __future__ import annotations

from typing import Final

CONTRADICTIONS: Final = {
    "a job that ended without exactly one event, or one that has not with any": """
        SELECT count(*) FROM jobs WHERE (finished_at IS NOT NULL)::int <>
            (SELECT count(*) FROM events WHERE job_id = jobs.id)
        """,
    "an event of another end": """
        SELECT count(*) FROM events JOIN jobs ON jobs.id = job_id WHERE type <> 'job.' || state
        """,
    "a transcript without completion, or the other way": """
        SELECT count(*) FROM jobs LEFT JOIN transcripts ON job_id = jobs.id
        WHERE (state = 'completed' AND erased_at IS NULL) <> (job_id IS NOT NULL)
        """,
    "a lease without work, or work without a lease": """
        SELECT (SELECT count(*) FROM chunks WHERE (state = 'leased') <> (lease_expires_at IS NOT NULL))
             + (SELECT count(*) FROM device_batches
                WHERE (state = 'running') <> (lease_expires_at IS NOT NULL))
             + (SELECT count(*) FROM jobs WHERE finished_at IS NOT NULL AND lease_expires_at IS NOT NULL)
        """,
    "a chunk in the hands of a device batch that does not run": """
        SELECT count(*) FROM chunks JOIN device_batches ON device_batches.id = device_batch_id
        WHERE chunks.state = 'leased' AND device_batches.state <> 'running'
        """,
    "a chunk of a job that has ended, still to be heard": """
        SELECT count(*) FROM chunks JOIN jobs ON jobs.id = job_id
        WHERE chunks.state IN ('queued', 'leased') AND finished_at IS NOT NULL
        """,
    "a count of chunks that is wrong": """
        SELECT count(*) FROM jobs WHERE erased_at IS NULL AND chunks_done <>
            (SELECT count(*) FROM chunks WHERE job_id = jobs.id AND chunks.state = 'done')
        """,
    "a chunk heard without hypothesis, or under another lease than its last": """
        SELECT count(*) FROM chunks LEFT JOIN hypotheses ON chunk_id = chunks.id
        WHERE (chunks.state = 'done') <> (chunk_id IS NOT NULL) OR hypotheses.attempt <> chunks.attempt
        """,
}
"""Each counts what can never be, at any moment between two transactions."""
