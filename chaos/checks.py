"""What must be true of database and storage in the end, read past all code that is tried."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, LiteralString

import boto3
import psycopg
from psycopg.rows import class_row

from chaos.ledger import Ledger, Promise
from chaos.receiver import Mailbox
from chaos.recordings import KnownRecording

ENDED: Final = {"completed", "failed", "canceled", "expired"}

PERSONAL: Final = ("lost", "stuck", "ended otherwise", "differing")
"""What can go wrong with a single promise."""

COUNTS: Final[Mapping[str, LiteralString]] = {
    "jobs without exactly one event of their end": """
        SELECT count(*) FROM jobs WHERE finished_at IS NOT NULL AND
            (SELECT count(*) FROM events WHERE events.job_id = jobs.id
             AND events.type = 'job.' || jobs.state) <> 1
        """,
    "events of jobs that have not ended so": """
        SELECT count(*) FROM events LEFT JOIN jobs ON jobs.id = events.job_id
        WHERE events.type LIKE 'job.%' AND events.type IS DISTINCT FROM 'job.' || jobs.state
        """,
    "completed jobs without transcript": """
        SELECT count(*) FROM jobs LEFT JOIN transcripts ON transcripts.job_id = jobs.id
        WHERE state = 'completed' AND erased_at IS NULL AND transcripts.job_id IS NULL
        """,
    "transcripts of jobs that did not complete": """
        SELECT count(*) FROM transcripts JOIN jobs ON jobs.id = transcripts.job_id
        WHERE state <> 'completed' OR erased_at IS NOT NULL
        """,
    "leases that nobody holds": """
        SELECT (SELECT count(*) FROM jobs WHERE lease_expires_at IS NOT NULL)
             + (SELECT count(*) FROM chunks WHERE lease_expires_at IS NOT NULL)
             + (SELECT count(*) FROM device_batches WHERE lease_expires_at IS NOT NULL)
             + (SELECT count(*) FROM deliveries WHERE lease_expires_at IS NOT NULL)
        """,
    "chunks that are neither heard nor given up": """
        SELECT count(*) FROM chunks WHERE state IN ('queued', 'leased')
        """,
    "chunks heard without a hypothesis, or the other way": """
        SELECT count(*) FROM chunks LEFT JOIN hypotheses ON hypotheses.chunk_id = chunks.id
        WHERE (chunks.state = 'done') <> (hypotheses.chunk_id IS NOT NULL)
        """,
    "hypotheses of another lease than their chunk's last": """
        SELECT count(*) FROM hypotheses JOIN chunks ON chunks.id = hypotheses.chunk_id
        WHERE hypotheses.attempt <> chunks.attempt
        """,
    "completed jobs whose chunks do not add up": """
        SELECT count(*) FROM jobs WHERE state = 'completed' AND erased_at IS NULL AND reused_from IS NULL
        AND (chunks_done <> chunks_total OR chunks_total <>
             (SELECT count(*) FROM chunks WHERE job_id = jobs.id AND chunks.state = 'done'))
        """,
    "device batches whose chunks do not add up": """
        SELECT count(*) FROM device_batches WHERE state = 'done' AND chunk_count <
            (SELECT count(*) FROM chunks WHERE device_batch_id = device_batches.id AND chunks.state = 'done')
        """,
}
"""Each counts what must not be."""


TOLD_OF: Final = "SELECT job_id FROM events WHERE job_id IS NOT NULL"
WANTED_OBJECTS: Final = """
SELECT object_key FROM recordings WHERE erased_at IS NULL UNION
SELECT object_key FROM channels JOIN jobs ON jobs.id = job_id WHERE audio_erased_at IS NULL
"""
STORAGE_SETTINGS: Final = ("ENDPOINT_URL", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "BUCKET")
OF_THE_STACK: Final = ".callscribe/"
"""What the embedded stack itself keeps there, to see that storage answers."""
WHOLE_WAY: Final = "SELECT count(*) FROM jobs WHERE state = 'completed' AND reused_from IS NULL"
GIVEN_UP: Final = "SELECT count(*) FROM deliveries WHERE state <> 'delivered'"


@dataclass(frozen=True, slots=True)
class JobRow:
    id: uuid.UUID
    state: str
    error_code: str | None
    erased: bool
    texts: list[str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Breaches by what was broken, and how the promised jobs ended."""

    breaches: Mapping[str, int]
    ends: Mapping[str, int]
    whole_way: int = 0
    """Completed jobs that took over nobody's transcript."""

    @property
    def is_clean(self) -> bool:
        return not any(self.breaches.values())


def judge(
    connection: psycopg.Connection, ledger: Ledger, recordings: Mapping[str, KnownRecording]
) -> Verdict:
    """Holds the ledger against what is there."""
    jobs = _jobs(connection)
    faults: Counter[str] = Counter(dict.fromkeys(PERSONAL, 0))
    for job_id, promise in ledger.promises.items():
        fault = _fault(jobs.get(job_id), promise, recordings[promise.recording])
        if fault is not None:
            faults[fault] += 1
    # Also those that were never acknowledged: what is there must come to an end.
    faults["stuck"] += sum(
        job.state not in ENDED for job_id, job in jobs.items() if job_id not in ledger.promises
    )
    counted = {name: _count(connection, query) for name, query in COUNTS.items()}
    ends = Counter(jobs[job_id].state for job_id in ledger.promises if job_id in jobs)
    return Verdict(breaches={**faults, **counted}, ends=ends, whole_way=_count(connection, WHOLE_WAY))


def judge_mailbox(connection: psycopg.Connection, mailbox: Mailbox) -> dict[str, int]:
    """Holds what a receiver has taken against the ends that were to be told."""
    ended = {str(row[0]) for row in connection.execute(TOLD_OF).fetchall()}
    told = mailbox.jobs
    return {
        "ends that were not told": sum(told[job_id] == 0 for job_id in ended),
        "ends told by more than one event": sum(count > 1 for count in told.values()),
        "events of jobs that have not ended": len(told.keys() - ended),
        "events with a wrong signature": mailbox.forged,
        "events that came again in other words": mailbox.changed,
        "deliveries given up": _count(connection, GIVEN_UP),
    }


def judge_storage(connection: psycopg.Connection, environment: Mapping[str, str]) -> dict[str, int]:
    """Holds what is stored against what rows refer to; to be called after a sweep."""
    wanted = {row[0] for row in connection.execute(WANTED_OBJECTS).fetchall()}
    stored = _stored(environment)
    return {
        "objects that nothing refers to": len(stored - wanted),
        "objects that are missing": len(wanted - stored),
    }


def _stored(environment: Mapping[str, str]) -> set[str]:
    settings = {name: environment[f"CALLSCRIBE_STORAGE__{name}"] for name in STORAGE_SETTINGS}
    client = boto3.client(
        "s3",
        endpoint_url=settings["ENDPOINT_URL"],
        aws_access_key_id=settings["ACCESS_KEY_ID"],
        aws_secret_access_key=settings["SECRET_ACCESS_KEY"],
        region_name="us-east-1",
    )
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=settings["BUCKET"])
    keys = {item["Key"] for page in pages for item in page.get("Contents", [])}
    return {key for key in keys if not key.startswith(OF_THE_STACK)}


def _fault(job: JobRow | None, promise: Promise, recording: KnownRecording) -> str | None:
    """What is wrong with a promised job; None if it was kept."""
    if job is None:
        return "lost"
    if job.state not in ENDED:
        return "stuck"
    if not _may_end(job, promise):
        return "ended otherwise"
    if job.state == "completed" and not job.erased and job.texts != list(recording.texts):
        return "differing"
    return None


def _may_end(job: JobRow, promise: Promise) -> bool:
    match job.state:
        case "completed":
            return True
        case "canceled":
            return promise.may_be_canceled or promise.may_be_erased
        case "expired":
            return promise.may_expire
        case _:
            # Whoever kills every worker that touches a job must expect this, and it is said by name.
            return job.error_code == "worker_lost"


def _jobs(connection: psycopg.Connection) -> dict[uuid.UUID, JobRow]:
    with connection.cursor(row_factory=class_row(JobRow)) as cursor:
        cursor.execute(
            """
            SELECT id, state, error_code, erased_at IS NOT NULL AS erased,
                   ARRAY(SELECT segment ->> 'text' FROM
                         jsonb_array_elements(content -> 'segments') WITH ORDINALITY AS s (segment, place)
                         ORDER BY place) AS texts
            FROM jobs LEFT JOIN transcripts ON transcripts.job_id = jobs.id
            """
        )
        return {job.id: job for job in cursor.fetchall()}


def _count(connection: psycopg.Connection, query: LiteralString) -> int:
    count: int = connection.execute(query).fetchall()[0][0]
    return count
