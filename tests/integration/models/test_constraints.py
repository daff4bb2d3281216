"""What the database refuses, whatever the code says."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from core.database import SessionFactory
from models import Transcript
from models.repositories.endings import Endings
from models.repositories.jobs import JobRepository
from tests import builders

BROKEN_JOBS = {
    "a stage without processing": "stage = 'preparing'",
    "processing without a stage": "state = 'processing'",
    "a lease while queued": "lease_expires_at = now()",
    "a failure without a code": "state = 'failed', finished_at = now()",
    "an end without a time": "state = 'completed'",
    "more chunks done than there are": "chunks_done = 1",
    "an unknown state": "state = 'sleeping'",
    "an unknown lane": "lane = 'fast'",
}
BROKEN_CHUNKS = {
    "a lease without a device batch": "state = 'leased', lease_expires_at = now()",
    "leased without a lease": "state = 'leased'",
    "an end before its start": "end_ms = start_ms",
}


class TestJobs:
    @pytest.mark.parametrize("change", BROKEN_JOBS.values(), ids=BROKEN_JOBS)
    def test_a_contradiction_is_refused(self, sessions: SessionFactory, change: str) -> None:
        with sessions.begin() as session:
            builders.queued_job(session, builders.owner(session))

        with pytest.raises(IntegrityError), sessions.begin() as session:
            session.execute(text(f"UPDATE jobs SET {change}"))

    def test_a_final_state_is_never_left(self, sessions: SessionFactory) -> None:
        with sessions.begin() as session:
            job = builders.queued_job(session, builders.owner(session))
            Endings(session).cancel(JobRepository(session).locked(job.id))

        with pytest.raises(IntegrityError, match="final"), sessions.begin() as session:
            session.execute(text("UPDATE jobs SET state = 'queued', finished_at = NULL"))

    def test_a_second_event_for_an_end_is_refused(self, sessions: SessionFactory) -> None:
        with sessions.begin() as session:
            job = builders.queued_job(session, builders.owner(session))
            Endings(session).cancel(JobRepository(session).locked(job.id))

        with pytest.raises(IntegrityError), sessions.begin() as session:
            session.execute(
                text(
                    "INSERT INTO events (id, owner_id, job_id, type, payload) "
                    "SELECT gen_random_uuid(), owner_id, job_id, type, payload FROM events"
                )
            )

    def test_a_second_transcript_is_refused(self, sessions: SessionFactory) -> None:
        with sessions.begin() as session:
            job_id = builders.queued_job(session, builders.owner(session)).id
            session.add(Transcript(job_id=job_id, content={}))

        with pytest.raises(IntegrityError), sessions.begin() as session:
            session.add(Transcript(job_id=job_id, content={}))


class TestChunks:
    @pytest.mark.parametrize("change", BROKEN_CHUNKS.values(), ids=BROKEN_CHUNKS)
    def test_a_contradiction_is_refused(self, sessions: SessionFactory, change: str) -> None:
        with sessions.begin() as session:
            builders.prepared_job(session, builders.owner(session))

        with pytest.raises(IntegrityError), sessions.begin() as session:
            session.execute(text(f"UPDATE chunks SET {change}"))

    def test_a_second_hypothesis_is_refused(self, sessions: SessionFactory) -> None:
        with sessions.begin() as session:
            builders.prepared_job(session, builders.owner(session))
        _, chunks = builders.started_batch(sessions)
        first, second = (builders.hypothesis(chunks[0], each) for each in ("this", "that"))
        with sessions.begin() as session:
            session.add(first)

        with pytest.raises(IntegrityError), sessions.begin() as session:
            session.add(second)
