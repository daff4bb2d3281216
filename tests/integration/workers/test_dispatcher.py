"""What is announced, how often, and what happens when the broker forgets."""

from __future__ import annotations

import uuid

import pytest
from pydantic import SecretStr
from sqlalchemy import text, update

from core.broker import (
    ADMIT_QUEUE,
    FINISH_QUEUE,
    PREPARE_LIVE_QUEUE,
    PREPARE_QUEUE,
    create_app,
    transcribe_queue,
)
from core.database import SessionFactory
from core.settings import BrokerAccess
from models import Batch, Job, JobStage, JobState, Lane, Worker
from models.repositories import clock
from models.repositories.batches import BatchRepository
from models.repositories.dispatching import Dispatching
from models.repositories.jobs import JobRepository
from models.repositories.workers import WorkerRepository
from models.states import BatchState
from tests import builders
from tests.builders import MODEL, TTL
from tests.integration.workers.conftest import Mailbox
from workers.dispatcher.hints import PATIENT_RESENDS, due_hints
from workers.dispatcher.loop import Dispatcher
from workers.settings import DispatcherSettings
from workers.upkeep.cancel_batches import BATCH as CANCELED_AT_ONCE

TRANSCRIBE_QUEUE = transcribe_queue(MODEL)


def queued(sessions: SessionFactory, count: int = 1, lane: Lane = Lane.BULK) -> list[str]:
    with sessions.begin() as session:
        owner = builders.owner(session)
        return [str(builders.queued_job(session, owner, lane=lane).id) for _ in range(count)]


def prepared(sessions: SessionFactory, *, chunks: int) -> uuid.UUID:
    with sessions.begin() as session:
        return builders.prepared_job(session, builders.owner(session), chunks=chunks).id


def let_time_pass(sessions: SessionFactory, table: str) -> None:
    with sessions.begin() as session:
        session.execute(text(f"UPDATE {table} SET hinted_at = hinted_at - interval '1 hour'"))


def present_worker(sessions: SessionFactory, name: str) -> None:
    with sessions.begin() as session:
        WorkerRepository(session).beat(
            Worker(
                name=name,
                model=MODEL,
                engine_version="1",
                device="cpu",
                dtype="none",
                max_batch_ms=240_000,
                max_batch_chunks=8,
            )
        )


class TestPreparation:
    def test_announces_a_queued_job(
        self, dispatcher: Dispatcher, mailbox: Mailbox, sessions: SessionFactory
    ) -> None:
        jobs = queued(sessions)

        dispatcher.tick()

        assert mailbox.take(PREPARE_QUEUE) == jobs

    def test_does_not_announce_it_again_at_once(
        self, dispatcher: Dispatcher, mailbox: Mailbox, sessions: SessionFactory
    ) -> None:
        queued(sessions)

        dispatcher.tick()
        dispatcher.tick()

        assert len(mailbox.take(PREPARE_QUEUE)) == 1

    def test_announces_again_what_nobody_claimed(
        self, dispatcher: Dispatcher, mailbox: Mailbox, sessions: SessionFactory
    ) -> None:
        jobs = queued(sessions)
        dispatcher.tick()
        mailbox.take(PREPARE_QUEUE)

        let_time_pass(sessions, "jobs")
        dispatcher.tick()

        assert mailbox.take(PREPARE_QUEUE) == jobs

    def test_sends_no_second_hint_while_the_first_may_still_lie_there(
        self, dispatcher: Dispatcher, mailbox: Mailbox, sessions: SessionFactory
    ) -> None:
        jobs = queued(sessions)
        dispatcher.tick()

        for _ in range(PATIENT_RESENDS):
            let_time_pass(sessions, "jobs")
            dispatcher.tick()

        assert mailbox.take(PREPARE_QUEUE) == jobs

    def test_sends_one_all_the_same_into_a_queue_that_is_never_empty(
        self, dispatcher: Dispatcher, mailbox: Mailbox, sessions: SessionFactory
    ) -> None:
        jobs = queued(sessions)

        for _ in range(2 + PATIENT_RESENDS):
            let_time_pass(sessions, "jobs")
            dispatcher.tick()

        assert mailbox.take(PREPARE_QUEUE) == 2 * jobs

    def test_keeps_the_broker_small_whatever_the_backlog(
        self,
        dispatcher: Dispatcher,
        dispatcher_settings: DispatcherSettings,
        mailbox: Mailbox,
        sessions: SessionFactory,
    ) -> None:
        queued(sessions, count=3 * dispatcher_settings.hint_window)

        dispatcher.tick()
        dispatcher.tick()

        assert len(mailbox.take(PREPARE_QUEUE)) == dispatcher_settings.hint_window

    def test_a_bulk_backlog_does_not_hold_a_live_call_back(
        self, dispatcher: Dispatcher, mailbox: Mailbox, sessions: SessionFactory
    ) -> None:
        queued(sessions, count=50)
        dispatcher.tick()
        live = queued(sessions, lane=Lane.LIVE)

        dispatcher.tick()

        assert mailbox.take(PREPARE_LIVE_QUEUE) == live


class TestTranscription:
    def test_announces_room_for_waiting_chunks(
        self, dispatcher: Dispatcher, mailbox: Mailbox, sessions: SessionFactory
    ) -> None:
        prepared(sessions, chunks=3)

        dispatcher.tick()

        assert len(mailbox.take(TRANSCRIBE_QUEUE)) == 1

    def test_announces_one_device_batch_for_each_device(
        self, dispatcher: Dispatcher, mailbox: Mailbox, sessions: SessionFactory
    ) -> None:
        present_worker(sessions, "gpu0")
        present_worker(sessions, "gpu1")
        prepared(sessions, chunks=100)

        dispatcher.tick()
        dispatcher.tick()

        assert len(mailbox.take(TRANSCRIBE_QUEUE)) == 2

    def test_does_not_count_a_worker_that_has_fallen_silent(
        self, dispatcher: Dispatcher, mailbox: Mailbox, sessions: SessionFactory
    ) -> None:
        present_worker(sessions, "gpu0")
        present_worker(sessions, "gpu1")
        with sessions.begin() as session:
            session.execute(
                text("UPDATE workers SET seen_at = seen_at - interval '1 hour' WHERE name = 'gpu1'")
            )
        prepared(sessions, chunks=100)

        dispatcher.tick()

        assert len(mailbox.take(TRANSCRIBE_QUEUE)) == 1

    def test_announces_no_more_than_the_backlog_fills(
        self, dispatcher: Dispatcher, mailbox: Mailbox, sessions: SessionFactory
    ) -> None:
        present_worker(sessions, "gpu0")
        present_worker(sessions, "gpu1")
        prepared(sessions, chunks=2)

        dispatcher.tick()

        assert len(mailbox.take(TRANSCRIBE_QUEUE)) == 1

    def test_announces_again_what_nobody_claimed(
        self, dispatcher: Dispatcher, mailbox: Mailbox, sessions: SessionFactory
    ) -> None:
        prepared(sessions, chunks=1)
        dispatcher.tick()
        first = mailbox.take(TRANSCRIBE_QUEUE)

        let_time_pass(sessions, "device_batches")
        dispatcher.tick()

        assert mailbox.take(TRANSCRIBE_QUEUE) == first


class TestFinish:
    def test_announces_a_job_whose_chunks_are_all_heard(
        self, dispatcher: Dispatcher, mailbox: Mailbox, sessions: SessionFactory
    ) -> None:
        job_id = prepared(sessions, chunks=0)

        dispatcher.tick()

        assert mailbox.take(FINISH_QUEUE) == [str(job_id)]


class TestAdmission:
    @pytest.fixture
    def batch_id(self, sessions: SessionFactory) -> uuid.UUID:
        with sessions.begin() as session:
            batch = Batch(owner_id=builders.owner(session).id, to_admit=True)
            return BatchRepository(session).add(batch).id

    def test_announces_a_batch_of_which_items_wait(
        self, dispatcher: Dispatcher, mailbox: Mailbox, batch_id: uuid.UUID
    ) -> None:
        dispatcher.tick()
        dispatcher.tick()

        assert mailbox.take(ADMIT_QUEUE) == [str(batch_id)]

    def test_announces_again_what_nobody_claimed(
        self, dispatcher: Dispatcher, mailbox: Mailbox, sessions: SessionFactory, batch_id: uuid.UUID
    ) -> None:
        dispatcher.tick()
        mailbox.empty()

        let_time_pass(sessions, "batches")
        dispatcher.tick()

        assert mailbox.take(ADMIT_QUEUE) == [str(batch_id)]

    def test_announces_none_that_is_being_admitted(
        self, dispatcher: Dispatcher, mailbox: Mailbox, sessions: SessionFactory, batch_id: uuid.UUID
    ) -> None:
        with sessions.begin() as session:
            BatchRepository(session).claim(batch_id, ttl=builders.TTL)

        dispatcher.tick()

        assert mailbox.take(ADMIT_QUEUE) == []


class TestBroker:
    def test_a_flushed_broker_gets_every_hint_again(
        self, dispatcher: Dispatcher, mailbox: Mailbox, sessions: SessionFactory
    ) -> None:
        jobs = queued(sessions)
        prepared(sessions, chunks=1)
        dispatcher.tick()
        mailbox.empty()

        dispatcher._reaped_at = 0.0
        dispatcher.tick()

        assert mailbox.take(PREPARE_QUEUE) == jobs
        assert len(mailbox.take(TRANSCRIBE_QUEUE)) == 1

    def test_a_hint_that_could_not_be_sent_is_due_at_once(
        self,
        dispatcher: Dispatcher,
        dispatcher_settings: DispatcherSettings,
        mailbox: Mailbox,
        sessions: SessionFactory,
    ) -> None:
        jobs = queued(sessions)
        nobody = create_app(BrokerAccess(broker_url=SecretStr("redis://127.0.0.1:9/0")))
        cut_off = Dispatcher(dispatcher_settings, sessions, nobody)

        cut_off.tick()
        dispatcher.tick()

        assert mailbox.take(PREPARE_QUEUE) == jobs


class TestLooking:
    def test_at_what_was_announced_already_keeps_nobody_from_claiming_it(
        self, dispatcher: Dispatcher, sessions: SessionFactory
    ) -> None:
        """A claim that found the row locked, and gave up, cost up to a minute until the next hint."""
        job_id = uuid.UUID(queued(sessions)[0])
        dispatcher.tick()

        with sessions.begin() as looking:
            due_hints(looking, models=[MODEL], window=16)
            with sessions.begin() as claiming:
                claiming.execute(text("SET LOCAL lock_timeout = '100ms'"))
                job = JobRepository(claiming).claim(job_id, JobStage.PREPARING, ttl=TTL)

        assert job.attempt == 1


class TestTwoDispatchers:
    def test_only_one_decides_at_a_time(
        self, dispatcher: Dispatcher, mailbox: Mailbox, sessions: SessionFactory
    ) -> None:
        queued(sessions)

        with sessions.begin() as other:
            assert Dispatching(other).outlook(window=1).mine
            dispatcher.tick()
            while_held = mailbox.take(PREPARE_QUEUE)
        dispatcher.tick()

        assert while_held == []
        assert len(mailbox.take(PREPARE_QUEUE)) == 1


class TestDuties:
    def test_go_on_without_a_pause_while_there_is_more(
        self, dispatcher: Dispatcher, sessions: SessionFactory
    ) -> None:
        jobs = queued(sessions, 2 * CANCELED_AT_ONCE + 1)
        with sessions.begin() as session:
            batch = BatchRepository(session).add(Batch(owner_id=builders.owner(session).id))
            batch.begin_cancel(at=clock.now(session))
            session.execute(update(Job).values(batch_id=batch.id))

        for _ in range(4):
            dispatcher.tick()

        assert {builders.state_of(sessions, uuid.UUID(job)) for job in jobs} == {JobState.CANCELED}
        with sessions.begin() as session:
            assert session.get_one(Batch, batch.id).state is BatchState.CANCELED
