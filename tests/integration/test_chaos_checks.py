"""The checks of chaos find what they are there for: each is shown one breach of its own."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from pydantic import SecretStr

from chaos import audit, checks
from chaos.ledger import Ledger, Promise
from chaos.receiver import Mailbox
from chaos.recordings import KnownRecording
from core.database import SessionFactory
from models import JobStage, Transcript
from models.repositories.device_batches import DeviceBatchRepository
from models.repositories.endings import Endings
from models.repositories.jobs import JobRepository
from tests import builders
from tests.builders import TTL
from workers.transcription.committing import commit_hypotheses

RECORDING = KnownRecording("call", b"", ("hello",))

TAMPERINGS = {
    "lost": "DELETE FROM jobs",
    "stuck": "UPDATE jobs SET state = 'queued', finished_at = NULL",
    "ended otherwise": "UPDATE jobs SET state = 'canceled'",
    "differing": 'UPDATE transcripts SET content = \'{"segments": [{"text": "good bye"}]}\'',
    "jobs without exactly one event of their end": "DELETE FROM events",
    "events of jobs that have not ended so": "UPDATE events SET type = 'job.failed'",
    "completed jobs without transcript": "DELETE FROM transcripts",
    "transcripts of jobs that did not complete": "UPDATE jobs SET state = 'canceled'",
    "leases that nobody holds": "UPDATE jobs SET lease_expires_at = now()",
    "chunks that are neither heard nor given up": "UPDATE chunks SET state = 'queued'",
    "chunks heard without a hypothesis, or the other way": "DELETE FROM hypotheses",
    "hypotheses of another lease than their chunk's last": "UPDATE hypotheses SET attempt = attempt - 1",
    "completed jobs whose chunks do not add up": "UPDATE jobs SET chunks_total = 2",
    "device batches whose chunks do not add up": "UPDATE device_batches SET chunk_count = 0",
}

MOVES = {
    "attempts rise by one and never fall": "UPDATE jobs SET attempt = attempt - 1",
    "nothing is claimed while it is leased": "UPDATE jobs SET attempt = attempt + 1",
    "a lease is taken away only when its time is over": "UPDATE jobs SET lease_expires_at = NULL",
    "a chunk is heard under a lease": "UPDATE chunks SET state = 'done'",
    "final states are final": "UPDATE device_batches SET state = 'lost'",
}
"""For each rule of the history a step that breaks it, made as the dispatcher."""


@pytest.fixture
def job_id(sessions: SessionFactory) -> uuid.UUID:
    """Completed, with one chunk."""
    with sessions.begin() as session:
        job_id = builders.prepared_job(session, builders.owner(session)).id
    batch_id, chunks = builders.started_batch(sessions)
    with sessions.begin() as session:
        batch = DeviceBatchRepository(session).held(batch_id, attempt=1)
        commit_hypotheses(session, batch, [builders.hypothesis(chunk) for chunk in chunks])
    with sessions.begin() as session:
        JobRepository(session).claim(job_id, JobStage.FINISHING, ttl=TTL)
    with sessions.begin() as session:
        content = Transcript(job_id=job_id, content={"segments": [{"text": "hello"}]})
        Endings(session).complete(JobRepository(session).locked(job_id), content)
    return job_id


def found(connection: psycopg.Connection, job_id: uuid.UUID) -> dict[str, int]:
    ledger = Ledger({job_id: Promise(RECORDING.name)})
    breaches = checks.judge(connection, ledger, {RECORDING.name: RECORDING}).breaches
    return {name: count for name, count in breaches.items() if count}


def unguarded(database_url: SecretStr) -> psycopg.Connection:
    """Without the database's own checks, which would not let such a thing happen; never committed."""
    connection = psycopg.connect(database_url.get_secret_value(), application_name="callscribe dispatcher")
    constraints = connection.execute(
        "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype IN ('c', 'f') "
        "AND connamespace = 'public'::regnamespace"
    ).fetchall()
    for table, name in constraints:
        connection.execute(f'ALTER TABLE {table} DROP CONSTRAINT IF EXISTS "{name}"')
    for table in audit.TABLES:
        connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    return connection


class TestJudge:
    def test_finds_nothing_where_nothing_is_wrong(self, database_url: SecretStr, job_id: uuid.UUID) -> None:
        with psycopg.connect(database_url.get_secret_value()) as connection:
            assert found(connection, job_id) == {}

    def test_has_a_tampering_for_each_check(self) -> None:
        assert set(TAMPERINGS) == set(checks.PERSONAL) | set(checks.COUNTS)

    @pytest.mark.parametrize("breach", TAMPERINGS)
    def test_finds_each_breach(self, database_url: SecretStr, job_id: uuid.UUID, breach: str) -> None:
        with unguarded(database_url) as connection:
            connection.execute(TAMPERINGS[breach])

            breaches = found(connection, job_id)
            connection.rollback()

        assert breaches[breach] == 1


class TestHistory:
    def test_has_a_move_for_each_rule(self) -> None:
        assert set(MOVES) == {rule.name for rule in audit.RULES}

    @pytest.mark.parametrize("rule", MOVES)
    def test_finds_each_breach(self, database_url: SecretStr, job_id: uuid.UUID, rule: str) -> None:
        with unguarded(database_url) as connection:
            connection.execute(
                "UPDATE jobs SET state = 'processing', lease_expires_at = now() + interval '1 h'"
            )
            connection.execute("UPDATE chunks SET state = 'queued'")
            audit.install(connection)
            connection.execute(MOVES[rule])

            breaches = audit.breaches(connection)
            connection.rollback()

        assert breaches[rule] == 1


class TestMailbox:
    def test_is_held_against_the_ends(self, database_url: SecretStr, job_id: uuid.UUID) -> None:
        mailbox = Mailbox()
        mailbox.take("a", f'{{"data": {{"job_id": "{uuid.uuid4()}"}}}}'.encode())
        mailbox.take("a", b"in other words")

        with psycopg.connect(database_url.get_secret_value()) as connection:
            breaches = checks.judge_mailbox(connection, mailbox)

        assert breaches["ends that were not told"] == 1
        assert breaches["events of jobs that have not ended"] == 1
        assert breaches["events that came again in other words"] == 1

    def test_counts_two_events_of_one_end(self, database_url: SecretStr, job_id: uuid.UUID) -> None:
        mailbox = Mailbox()
        for event_id in ("a", "b"):
            mailbox.take(event_id, f'{{"data": {{"job_id": "{job_id}"}}}}'.encode())

        with psycopg.connect(database_url.get_secret_value()) as connection:
            breaches = checks.judge_mailbox(connection, mailbox)

        assert breaches["ends told by more than one event"] == 1
