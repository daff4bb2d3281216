"""Device batches: filled when claimed, fenced when committed, taken apart when they crash."""

from __future__ import annotations

import uuid

import pytest

from core.database import SessionFactory
from core.errors import LeaseLost
from models import (
    Chunk,
    ChunkState,
    DeviceBatch,
    DeviceBatchState,
    FairClock,
    Job,
    JobStage,
    JobState,
    Lane,
    LeasedChunk,
)
from models.chunk import LONE_CRASH_LIMIT
from models.repositories.chunk_claims import Budget
from models.repositories.device_batches import DeviceBatchRepository
from models.repositories.endings import Endings
from models.repositories.fairness import transcription_queue
from models.repositories.jobs import JobRepository
from tests import builders
from tests.builders import EXPIRED, TTL
from workers.transcription.committing import commit_hypotheses
from workers.upkeep.reap_device_batches import reap_device_batches


def prepared(sessions: SessionFactory, **options: object) -> uuid.UUID:
    with sessions.begin() as session:
        return builders.prepared_job(session, builders.owner(session), **options).id  # type: ignore[arg-type]


def commit(sessions: SessionFactory, batch_id: uuid.UUID, chunks: list[LeasedChunk]) -> None:
    with sessions.begin() as session:
        batch = DeviceBatchRepository(session).held(batch_id, attempt=1)
        commit_hypotheses(session, batch, [builders.hypothesis(chunk) for chunk in chunks])


def reap(sessions: SessionFactory) -> int:
    with sessions.begin() as session:
        return reap_device_batches(session)


def chunk_states(sessions: SessionFactory) -> list[ChunkState]:
    with sessions.begin() as session:
        return [chunk.state for chunk in session.query(Chunk).order_by(Chunk.id)]


class TestStart:
    def test_takes_chunks_across_jobs(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=2)
        prepared(sessions, chunks=2)

        _, chunks = builders.started_batch(sessions)

        assert len(chunks) == 4
        assert len({chunk.job_id for chunk in chunks}) == 2

    def test_a_doubled_hint_finds_nothing(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=20)
        batch_id, _ = builders.started_batch(sessions)

        with sessions.begin() as session, pytest.raises(LeaseLost):
            DeviceBatchRepository(session).start(batch_id, worker="w2", budget=builders.ROOM, ttl=TTL)

    def test_no_chunk_is_in_two_device_batches(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=12)

        _, first = builders.started_batch(sessions)
        _, second = builders.started_batch(sessions)

        assert {chunk.id for chunk in first}.isdisjoint(chunk.id for chunk in second)
        assert len(first) + len(second) == 12

    def test_respects_the_audio_budget(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=10, seconds=10.0)

        _, chunks = builders.started_batch(sessions, budget=Budget(audio_ms=35_000, chunks=8))

        assert len(chunks) == 3

    def test_is_full_while_there_is_a_backlog(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=5, seconds=2.0)
        prepared(sessions, chunks=5, seconds=12.0)

        batch_id, chunks = builders.started_batch(sessions)

        with sessions.begin() as session:
            batch = session.get_one(DeviceBatch, batch_id)
        assert len(chunks) == 8
        assert (batch.fill, batch.backlog) == (1.0, True)

    def test_live_work_goes_first(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=20)
        live = prepared(sessions, chunks=2, lane=Lane.LIVE)

        _, chunks = builders.started_batch(sessions)

        assert sum(chunk.job_id == live for chunk in chunks) == 2

    def test_notes_on_each_job_when_a_device_began_with_it(self, sessions: SessionFactory) -> None:
        job_id, other = prepared(sessions, chunks=9), prepared(sessions)

        builders.started_batch(sessions)

        with sessions.begin() as session:
            assert session.get_one(Job, job_id).recognizing_at is not None
            assert session.get_one(Job, other).recognizing_at is None

    def test_moves_the_fair_clock_to_the_chunk_that_was_due(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=9, seconds=10.0)
        queue = transcription_queue(builders.MODEL, Lane.BULK)

        times = []
        for _ in range(2):
            builders.started_batch(sessions)
            with sessions.begin() as session:
                times.append(session.get_one(FairClock, queue).now_vft)

        assert times == [10.0, 90.0]

    def test_a_backlog_is_what_is_left_in_any_bucket(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=8, seconds=10.0)
        last = builders.started_batch(sessions)[0]
        prepared(sessions, chunks=8, seconds=10.0)
        prepared(sessions, chunks=1, seconds=2.0)
        first = builders.started_batch(sessions)[0]

        with sessions.begin() as session:
            assert not session.get_one(DeviceBatch, last).backlog
            assert session.get_one(DeviceBatch, first).backlog

    def test_nothing_to_claim_ends_it_empty(self, sessions: SessionFactory) -> None:
        batch_id, chunks = builders.started_batch(sessions)

        with sessions.begin() as session:
            state = session.get_one(DeviceBatch, batch_id).state
        assert chunks == []
        assert state is DeviceBatchState.EMPTY


class TestCommit:
    def test_the_last_chunk_moves_the_job_on(self, sessions: SessionFactory) -> None:
        job_id = prepared(sessions, chunks=2)
        batch_id, chunks = builders.started_batch(sessions)

        commit(sessions, batch_id, chunks)

        with sessions.begin() as session:
            job = session.get_one(Job, job_id)
        assert (job.stage, job.chunks_done) == (JobStage.FINISHING, 2)

    def test_a_late_result_of_a_lost_device_batch_is_refused(self, sessions: SessionFactory) -> None:
        prepared(sessions)
        batch_id, chunks = builders.started_batch(sessions, ttl=EXPIRED)
        reap(sessions)

        with pytest.raises(LeaseLost):
            commit(sessions, batch_id, chunks)

    def test_a_hypothesis_of_a_canceled_job_is_counted_as_late_and_dropped(
        self, sessions: SessionFactory
    ) -> None:
        canceled, kept = prepared(sessions), prepared(sessions)
        batch_id, chunks = builders.started_batch(sessions)
        with sessions.begin() as session:
            Endings(session).cancel(JobRepository(session).locked(canceled))

        commit(sessions, batch_id, chunks)

        with sessions.begin() as session:
            assert session.get_one(DeviceBatch, batch_id).late_count == 1
            assert session.get_one(Job, kept).stage is JobStage.FINISHING

    def test_a_second_commit_finds_no_lease(self, sessions: SessionFactory) -> None:
        prepared(sessions)
        batch_id, chunks = builders.started_batch(sessions)
        commit(sessions, batch_id, chunks)

        with pytest.raises(LeaseLost):
            commit(sessions, batch_id, chunks)


class TestCrash:
    def test_chunks_of_a_silent_worker_are_queued_again(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=2)
        builders.started_batch(sessions, ttl=EXPIRED)

        reaped = reap(sessions)

        assert reaped == 1
        assert chunk_states(sessions) == [ChunkState.QUEUED, ChunkState.QUEUED]

    def test_suspects_run_alone(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=3)
        builders.started_batch(sessions, ttl=EXPIRED)
        reap(sessions)

        _, chunks = builders.started_batch(sessions)

        assert len(chunks) == 1

    def test_a_chunk_that_breaks_its_worker_alone_twice_fails_its_job(self, sessions: SessionFactory) -> None:
        poisoned, innocent = prepared(sessions), prepared(sessions)
        builders.started_batch(sessions, ttl=EXPIRED)
        reap(sessions)

        for _ in range(LONE_CRASH_LIMIT):
            builders.started_batch(sessions, ttl=EXPIRED)
            reap(sessions)
        batch_id, chunks = builders.started_batch(sessions)
        commit(sessions, batch_id, chunks)

        assert builders.state_of(sessions, poisoned) is JobState.FAILED
        assert [chunk.job_id for chunk in chunks] == [innocent]

    def test_a_crash_counts_against_no_chunk_that_may_have_had_company(
        self, sessions: SessionFactory
    ) -> None:
        """Device batches overlap in the engine, so one of a single chunk proves nothing."""
        job = prepared(sessions)

        for _ in range(LONE_CRASH_LIMIT):
            builders.started_batch(sessions, ttl=EXPIRED)
            reap(sessions)
        before_last = builders.state_of(sessions, job)
        builders.started_batch(sessions, ttl=EXPIRED)
        reap(sessions)

        assert before_last is JobState.PROCESSING
        assert builders.state_of(sessions, job) is JobState.FAILED

    def test_a_renewed_lease_is_not_reaped(self, sessions: SessionFactory) -> None:
        prepared(sessions)
        batch_id, _ = builders.started_batch(sessions, ttl=EXPIRED)
        with sessions.begin() as session:
            DeviceBatchRepository(session).renew(batch_id, attempt=1, ttl=TTL)

        assert reap(sessions) == 0

    def test_a_lost_device_batch_cannot_be_renewed(self, sessions: SessionFactory) -> None:
        prepared(sessions)
        batch_id, _ = builders.started_batch(sessions, ttl=EXPIRED)
        reap(sessions)

        with sessions.begin() as session, pytest.raises(LeaseLost):
            DeviceBatchRepository(session).renew(batch_id, attempt=1, ttl=TTL)
