"""Jobs whose deadline passes, wherever they stand then."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from core.database import SessionFactory
from core.errors import LeaseLost
from models import Chunk, ChunkState, EventType, Hypothesis, Job, JobStage, JobState, Transcript
from models.repositories import clock
from models.repositories.device_batches import DeviceBatchRepository
from models.repositories.endings import Endings
from models.repositories.events import EventRepository
from models.repositories.jobs import JobRepository
from tests import builders
from tests.builders import TTL, state_of
from workers.dispatcher.loop import Dispatcher
from workers.transcription.committing import commit_hypotheses
from workers.upkeep.expire_jobs import BATCH, expire_jobs

PASSED = timedelta(seconds=-1)
AHEAD = timedelta(hours=1)


def queued(sessions: SessionFactory, *, deadline: timedelta = PASSED) -> uuid.UUID:
    with sessions.begin() as session:
        job = builders.queued_job(session, builders.owner(session))
        job.expires_at = clock.now(session) + deadline
        return job.id


def prepared(sessions: SessionFactory, *, chunks: int = 2) -> uuid.UUID:
    with sessions.begin() as session:
        job = builders.prepared_job(session, builders.owner(session), chunks=chunks)
        job.expires_at = clock.now(session) + PASSED
        return job.id


def preparing(sessions: SessionFactory) -> uuid.UUID:
    job_id = queued(sessions)
    with sessions.begin() as session:
        JobRepository(session).claim(job_id, JobStage.PREPARING, ttl=TTL)
    return job_id


def transcribing(sessions: SessionFactory) -> uuid.UUID:
    job_id = prepared(sessions)
    builders.started_batch(sessions)
    return job_id


def finishing(sessions: SessionFactory) -> uuid.UUID:
    job_id = prepared(sessions, chunks=0)
    with sessions.begin() as session:
        JobRepository(session).claim(job_id, JobStage.FINISHING, ttl=TTL)
    return job_id


def expire(sessions: SessionFactory) -> int:
    with sessions.begin() as session:
        return expire_jobs(session)


class TestDeadline:
    @pytest.mark.parametrize("standing", [queued, preparing, prepared, transcribing, finishing])
    def test_ends_a_job_wherever_it_stands(
        self, sessions: SessionFactory, standing: Callable[[SessionFactory], uuid.UUID]
    ) -> None:
        job_id = standing(sessions)

        expire(sessions)

        with sessions.begin() as session:
            job = session.get_one(Job, job_id)
            [event] = EventRepository(session).of(job_id)
            chunks = session.scalars(select(Chunk.state).where(Chunk.job_id == job_id)).all()
        assert (job.state, job.stage, job.lease_expires_at) == (JobState.EXPIRED, None, None)
        assert (event.type, event.payload["status"]) == (EventType.JOB_EXPIRED, "expired")
        assert set(chunks) <= {ChunkState.CANCELED}

    def test_that_is_ahead_ends_nothing(self, sessions: SessionFactory) -> None:
        job_id = queued(sessions, deadline=AHEAD)

        assert expire(sessions) == 0
        assert state_of(sessions, job_id) is JobState.QUEUED

    def test_leaves_a_job_alone_that_was_over_before(self, sessions: SessionFactory) -> None:
        job_id = finishing(sessions)
        with sessions.begin() as session:
            Endings(session).complete(
                JobRepository(session).locked(job_id), Transcript(job_id=job_id, content={})
            )

        assert expire(sessions) == 0
        assert state_of(sessions, job_id) is JobState.COMPLETED

    def test_is_looked_at_in_bounded_batches(self, sessions: SessionFactory) -> None:
        with sessions.begin() as session:
            owner = builders.owner(session)
            for _ in range(BATCH + 1):
                builders.queued_job(session, owner)
            session.execute(update(Job).values(expires_at=func.clock_timestamp()))

        assert [expire(sessions) for _ in range(3)] == [BATCH, 1, 0]

    def test_waits_for_nobody_who_holds_the_job(self, sessions: SessionFactory) -> None:
        job_id = queued(sessions)

        with sessions.begin() as other:
            JobRepository(other).locked(job_id)
            assert expire(sessions) == 0
        assert expire(sessions) == 1

    def test_is_kept_by_the_dispatcher(self, dispatcher: Dispatcher, sessions: SessionFactory) -> None:
        job_id = queued(sessions)

        dispatcher.tick()

        assert state_of(sessions, job_id) is JobState.EXPIRED


class TestLateResult:
    def test_of_a_device_is_refused(self, sessions: SessionFactory) -> None:
        prepared(sessions)
        batch_id, chunks = builders.started_batch(sessions)
        expire(sessions)

        with sessions.begin() as session:
            batch = DeviceBatchRepository(session).held(batch_id, attempt=1)
            commit_hypotheses(session, batch, [builders.hypothesis(chunk) for chunk in chunks])

        assert batch.late_count == len(chunks) == 2
        with sessions.begin() as session:
            assert session.scalars(select(Hypothesis)).all() == []

    @pytest.mark.parametrize("standing", [preparing, finishing])
    def test_of_a_stage_is_refused(
        self, sessions: SessionFactory, standing: Callable[[SessionFactory], uuid.UUID]
    ) -> None:
        job_id = standing(sessions)
        with sessions.begin() as session:
            attempt = session.get_one(Job, job_id).attempt
        expire(sessions)

        with sessions.begin() as session, pytest.raises(LeaseLost):
            JobRepository(session).held(job_id, attempt=attempt)
