"""Chunks of jobs that ended go; nothing that a caller sees goes with them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import pytest
from sqlalchemy import func, select, update

from core.database import SessionFactory
from models import Chunk, Hypothesis, Job, JobStage, JobState, Transcript
from models.repositories.device_batches import DeviceBatchRepository
from models.repositories.endings import Endings
from models.repositories.erasures import Erasures
from models.repositories.jobs import JobRepository
from models.repositories.recordings import RecordingRepository
from models.repositories.suspects import Suspects
from tests import builders
from tests.builders import TTL
from workers.transcription.committing import commit_hypotheses
from workers.upkeep.clear_chunks import BATCH, clear_chunks

KEEP: Final = timedelta(days=7)


def transcribed(sessions: SessionFactory) -> uuid.UUID:
    """All of it is heard, and it waits to be finished."""
    with sessions.begin() as session:
        job_id = builders.prepared_job(session, builders.owner(session), chunks=2).id
    batch_id, chunks = builders.started_batch(sessions)
    with sessions.begin() as session:
        batch = DeviceBatchRepository(session).held(batch_id, attempt=1)
        commit_hypotheses(session, batch, [builders.hypothesis(chunk) for chunk in chunks])
    return job_id


def completed(sessions: SessionFactory) -> uuid.UUID:
    job_id = transcribed(sessions)
    with sessions.begin() as session:
        job = JobRepository(session).claim(job_id, JobStage.FINISHING, ttl=TTL)
        Endings(session).complete(job, Transcript(job_id=job.id, content={"text": "hello"}))
    return job_id


def canceled(sessions: SessionFactory) -> uuid.UUID:
    with sessions.begin() as session:
        job = builders.prepared_job(session, builders.owner(session), chunks=2)
        Endings(session).cancel(job)
        return job.id


def let_days_pass(sessions: SessionFactory) -> None:
    with sessions.begin() as session:
        session.execute(update(Job).values(finished_at=Job.finished_at - KEEP))


def clear(sessions: SessionFactory) -> int:
    with sessions.begin() as session:
        return clear_chunks(session, keep=KEEP)


def erase(sessions: SessionFactory, job_id: uuid.UUID) -> None:
    with sessions.begin() as session:
        job = JobRepository(session).locked(job_id)
        Erasures(session).erase(job, RecordingRepository(session).get(job.recording_id))


def left(sessions: SessionFactory) -> tuple[int, int]:
    """Chunks and hypotheses."""
    with sessions.begin() as session:
        counts = [
            session.scalar(select(func.count()).select_from(table)) or 0 for table in (Chunk, Hypothesis)
        ]
    return counts[0], counts[1]


class TestClearing:
    @pytest.mark.parametrize("ended", [completed, canceled])
    def test_takes_chunks_of_a_job_that_ended_and_leaves_the_job(
        self, sessions: SessionFactory, ended: Callable[[SessionFactory], uuid.UUID]
    ) -> None:
        job_id = ended(sessions)
        let_days_pass(sessions)
        with sessions.begin() as session:
            before = session.get_one(Job, job_id)

        assert clear(sessions) == 1

        with sessions.begin() as session:
            after = session.get_one(Job, job_id)
        assert left(sessions) == (0, 0)
        assert after.cleared_at is not None
        assert (after.state, after.chunks_total, after.chunks_done, after.finished_at) == (
            before.state,
            before.chunks_total,
            before.chunks_done,
            before.finished_at,
        )

    def test_leaves_the_transcript(self, sessions: SessionFactory) -> None:
        job_id = completed(sessions)
        let_days_pass(sessions)

        clear(sessions)

        with sessions.begin() as session:
            assert session.get_one(Transcript, job_id).content == {"text": "hello"}

    def test_leaves_jobs_alone_that_go_on_or_ended_lately(self, sessions: SessionFactory) -> None:
        transcribed(sessions)
        with sessions.begin() as session:
            session.execute(update(Job).values(created_at=Job.created_at - KEEP))
        completed(sessions)

        assert clear(sessions) == 0
        assert left(sessions) == (4, 4)

    def test_is_done_once_for_each_job_and_in_bounded_batches(self, sessions: SessionFactory) -> None:
        for _ in range(BATCH + 1):
            canceled(sessions)
        let_days_pass(sessions)

        assert [clear(sessions) for _ in range(3)] == [BATCH, 1, 0]

    def test_waits_for_nobody_who_holds_the_job(self, sessions: SessionFactory) -> None:
        job_id = completed(sessions)
        let_days_pass(sessions)

        with sessions.begin() as other:
            JobRepository(other).locked(job_id)
            assert clear(sessions) == 0
        assert clear(sessions) == 1

    def test_and_erasing_get_along(self, sessions: SessionFactory) -> None:
        cleared, erased = completed(sessions), completed(sessions)
        erase(sessions, erased)
        let_days_pass(sessions)

        assert clear(sessions) == 2
        erase(sessions, cleared)


class TestLateWorker:
    """A device still hears chunks of a job that was canceled, and cleared meanwhile."""

    @pytest.fixture
    def batch_id(self, sessions: SessionFactory) -> uuid.UUID:
        with sessions.begin() as session:
            job_id = builders.prepared_job(session, builders.owner(session), chunks=2).id
        batch_id, _ = builders.started_batch(sessions)
        with sessions.begin() as session:
            Endings(session).cancel(JobRepository(session).locked(job_id))
        return batch_id

    def test_has_its_result_dropped(self, sessions: SessionFactory, batch_id: uuid.UUID) -> None:
        with sessions.begin() as session:
            chunks = session.scalars(select(Chunk)).all()
        let_days_pass(sessions)
        clear(sessions)

        with sessions.begin() as session:
            batch = DeviceBatchRepository(session).held(batch_id, attempt=1)
            commit_hypotheses(session, batch, [builders.hypothesis(chunk) for chunk in chunks])

        assert batch.late_count == 2
        assert left(sessions) == (0, 0)

    def test_can_renew_and_lose_its_device_batch(self, sessions: SessionFactory, batch_id: uuid.UUID) -> None:
        let_days_pass(sessions)
        clear(sessions)

        with sessions.begin() as session:
            DeviceBatchRepository(session).renew(batch_id, attempt=1, ttl=TTL)
            Suspects(session).lose(DeviceBatchRepository(session).held(batch_id, attempt=1))

        with sessions.begin() as session:
            assert session.scalars(select(Job.state)).all() == [JobState.CANCELED]
