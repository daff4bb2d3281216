"""What a claim takes, what it notes of that, and what it leaves to others."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import pytest
from sqlalchemy.orm import Session

from core.database import SessionFactory
from core.errors import LeaseLost
from models import Chunk, ChunkState, DeviceBatch, DeviceBatchState, FairClock, Lane, LeasedChunk
from models.repositories.chunk_claims import Budget
from models.repositories.device_batches import DeviceBatchRepository
from models.repositories.fairness import transcription_queue
from tests import builders
from tests.builders import EXPIRED, MODEL, ROOM, TTL
from workers.upkeep.reap_device_batches import reap_device_batches

CLAIMERS = 8
Rows = tuple[DeviceBatch, list[LeasedChunk]]


def prepared(sessions: SessionFactory, *, chunks: int, seconds: float, lane: Lane = Lane.BULK) -> None:
    with sessions.begin() as session:
        builders.prepared_job(session, builders.owner(session), chunks=chunks, seconds=seconds, lane=lane)


def claimed(sessions: SessionFactory, budget: Budget = ROOM) -> Rows:
    """The row of a device batch, and what it was started with."""
    batch_id, chunks = builders.started_batch(sessions, budget=budget)
    with sessions.begin() as session:
        return session.get_one(DeviceBatch, batch_id), chunks


def noted(batch: DeviceBatch) -> tuple[int, int, int, float]:
    return batch.chunk_count, batch.job_count, batch.audio_ms, batch.fill


def counted(chunks: Sequence[LeasedChunk], budget: Budget = ROOM) -> tuple[int, int, int, float]:
    audio_ms = sum(chunk.duration_ms for chunk in chunks)
    return len(chunks), len({chunk.job_id for chunk in chunks}), audio_ms, budget.share_used(chunks)


class TestWhatIsTaken:
    def test_of_one_bucket_while_that_fills_the_device(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=1, seconds=20.0)
        prepared(sessions, chunks=9, seconds=2.0)
        prepared(sessions, chunks=9, seconds=10.0)

        _, chunks = claimed(sessions, Budget(audio_ms=240_000, chunks=4))

        assert [chunk.duration_ms for chunk in chunks] == [20_000, 10_000, 10_000, 10_000]

    def test_is_topped_up_from_the_other_lane_last(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=9, seconds=10.0)
        prepared(sessions, chunks=1, seconds=10.0, lane=Lane.LIVE)
        prepared(sessions, chunks=1, seconds=2.0, lane=Lane.LIVE)

        _, chunks = claimed(sessions, Budget(audio_ms=240_000, chunks=3))

        assert sorted(chunk.duration_ms for chunk in chunks) == [2_000, 10_000, 10_000]

    def test_a_chunk_that_does_not_fit_waits(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=1, seconds=20.0)

        batch, chunks = claimed(sessions, Budget(audio_ms=15_000, chunks=4))

        assert (batch.state, chunks) == (DeviceBatchState.EMPTY, [])

    def test_a_suspect_goes_before_all_others_and_alone(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=2, seconds=10.0)
        builders.started_batch(sessions, ttl=EXPIRED)
        with sessions.begin() as session:
            reap_device_batches(session)
        prepared(sessions, chunks=2, seconds=10.0, lane=Lane.LIVE)

        _, [suspect] = claimed(sessions)

        assert suspect.alone

    def test_live_work_before_bulk_that_has_waited_longer(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=9, seconds=2.0)
        prepared(sessions, chunks=9, seconds=10.0, lane=Lane.LIVE)

        _, [chunk] = claimed(sessions, Budget(audio_ms=240_000, chunks=1))

        assert chunk.duration_ms == 10_000

    def test_every_chunk_once_however_many_claim_at_once(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=100, seconds=10.0)
        prepared(sessions, chunks=60, seconds=2.0)

        with ThreadPoolExecutor(CLAIMERS) as threads:
            taken = list(threads.map(lambda _: builders.started_batch(sessions)[1], range(60)))

        ids = [chunk.id for chunk in chain.from_iterable(taken)]
        with sessions.begin() as session:
            waiting = session.query(Chunk).filter(Chunk.state == ChunkState.QUEUED).count()
        assert len(set(ids)) == len(ids) == 160 - waiting
        assert max(map(len, taken)) == ROOM.chunks


class TestWhatIsNoted:
    def test_of_a_device_that_one_bucket_fills(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=5, seconds=10.0)
        prepared(sessions, chunks=5, seconds=11.0)

        batch, chunks = claimed(sessions)

        assert noted(batch) == counted(chunks)
        assert (batch.state, batch.attempt, batch.worker) == (DeviceBatchState.RUNNING, 1, "w1")

    def test_of_audio_that_runs_out_first(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=9, seconds=10.0)
        prepared(sessions, chunks=9, seconds=2.0)
        budget = Budget(audio_ms=40_000, chunks=8)

        batch, chunks = claimed(sessions, budget)

        assert noted(batch) == counted(chunks, budget) == (4, 1, 40_000, 1.0)

    def test_of_a_device_that_several_buckets_fill(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=3, seconds=10.0)
        prepared(sessions, chunks=3, seconds=2.0)

        batch, chunks = claimed(sessions)

        assert noted(batch) == counted(chunks) == (6, 2, 36_000, 0.75)
        assert (batch.state, batch.attempt, batch.worker) == (DeviceBatchState.RUNNING, 1, "w1")

    def test_its_lease_is_that_of_its_chunks(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=1, seconds=10.0)

        batch, [chunk] = claimed(sessions)

        with sessions.begin() as session:
            row = session.get_one(Chunk, chunk.id)
        assert batch.started_at is not None
        assert batch.lease_expires_at is not None
        assert row.lease_expires_at is not None
        assert abs(batch.lease_expires_at - row.lease_expires_at).total_seconds() < 1
        assert (batch.lease_expires_at - batch.started_at - TTL).total_seconds() < 1

    def test_a_backlog_in_the_same_bucket(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=9, seconds=10.0)

        first, _ = claimed(sessions)
        last, _ = claimed(sessions)

        assert (first.backlog, last.backlog) == (True, False)

    def test_the_clock_goes_to_what_was_due_whatever_fills_the_rest(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=1, seconds=10.0)
        prepared(sessions, chunks=1, seconds=2.0)
        prepared(sessions, chunks=1, seconds=20.0)

        claimed(sessions)

        with sessions.begin() as session:
            clock = session.get_one(FairClock, transcription_queue(MODEL, Lane.BULK))
        assert clock.now_vft == 10.0

    def test_the_clock_of_a_lane_goes_on_with_that_lane_only(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=1, seconds=10.0, lane=Lane.LIVE)
        prepared(sessions, chunks=1, seconds=12.0)
        claimed(sessions, Budget(audio_ms=240_000, chunks=1))

        with sessions.begin() as session:
            live = session.get_one(FairClock, transcription_queue(MODEL, Lane.LIVE)).now_vft
            bulk = session.get(FairClock, transcription_queue(MODEL, Lane.BULK))

        assert (live, bulk) == (10.0, None)


class TestWhoMayClaim:
    def test_nobody_while_another_starts_the_same_device_batch(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=9, seconds=10.0)
        with sessions.begin() as session:
            batch_id = DeviceBatchRepository(session).open(MODEL).id

        with sessions.begin() as first, sessions.begin() as second:
            _start(first, batch_id)
            with pytest.raises(LeaseLost):
                _start(second, batch_id)

    def test_nobody_for_a_device_batch_that_there_never_was(self, sessions: SessionFactory) -> None:
        prepared(sessions, chunks=1, seconds=10.0)

        with sessions.begin() as session, pytest.raises(LeaseLost):
            _start(session, uuid.uuid4())


def _start(session: Session, batch_id: uuid.UUID) -> None:
    DeviceBatchRepository(session).start(batch_id, worker="w1", budget=ROOM, ttl=TTL)
