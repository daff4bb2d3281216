"""When the slow duties are done, by whom, and that nobody waits for them."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import pytest
from celery import Celery
from sqlalchemy import func, make_url, select, text, update

from chaos.proxy import LOOPBACK, FaultProxy
from core.broker import PREPARE_QUEUE
from core.database import SessionFactory
from core.settings import StorageSettings
from core.storage import ObjectStorage
from models import Job, Worker
from models.repositories.endings import Endings
from models.repositories.leadership import UPKEEP_LOCK, Leadership
from tests import builders
from tests.integration.workers.conftest import Mailbox
from workers.dispatcher.loop import Dispatcher
from workers.dispatcher.upkeep import BREATH_S, LOOK_EVERY_S, TRY_AGAIN_S, Upkeep
from workers.settings import DispatcherSettings
from workers.upkeep.clear_chunks import BATCH

TO_CLEAR: Final = select(func.count()).select_from(Job).where(Job.cleared_at.is_(None))


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def upkeep(
    dispatcher_settings: DispatcherSettings, sessions: SessionFactory, storage: ObjectStorage, clock: Clock
) -> Iterator[Upkeep]:
    upkeep = Upkeep(dispatcher_settings, sessions, storage, clock=clock)
    yield upkeep
    upkeep.resign()


def ended_jobs(sessions: SessionFactory, count: int) -> None:
    """Long ago."""
    with sessions.begin() as session:
        for _ in range(count):
            Endings(session).cancel(builders.queued_job(session, builders.owner(session)))
        session.execute(update(Job).values(finished_at=Job.finished_at - timedelta(days=30)))


def to_clear(sessions: SessionFactory) -> int:
    with sessions.begin() as session:
        return session.scalar(TO_CLEAR) or 0


def silent_worker(sessions: SessionFactory) -> None:
    with sessions.begin() as session:
        session.add(
            Worker(
                name="gone",
                model="scripted",
                engine_version="1",
                device="cpu",
                dtype="none",
                max_batch_ms=1,
                max_batch_chunks=1,
                seen_at=func.clock_timestamp() - timedelta(days=2),
            )
        )


def end_leaders_connection(sessions: SessionFactory) -> None:
    """As when its process dies."""
    with sessions.begin() as session:
        query = (
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks "
            "WHERE locktype = 'advisory' AND objid = :key"
        )
        assert session.scalars(text(query), {"key": UPKEEP_LOCK}).all() == [True]


class TestRound:
    def test_does_a_step_of_every_duty(self, upkeep: Upkeep, sessions: SessionFactory) -> None:
        ended_jobs(sessions, 1)
        silent_worker(sessions)

        upkeep.round()

        assert to_clear(sessions) == 0
        with sessions.begin() as session:
            assert session.scalars(select(Worker)).all() == []
        assert [duty.name for duty in upkeep.duties] == [
            "clear_chunks",
            "purge_device_batches",
            "purge_uploads",
            "purge_events",
            "purge_idempotency_keys",
            "purge_workers",
            "purge_audio",
            "purge_transcripts",
            "abort_uploads",
            "sweep_storage",
        ]

    def test_comes_soon_while_there_is_more_to_do(self, upkeep: Upkeep, sessions: SessionFactory) -> None:
        ended_jobs(sessions, BATCH + 1)

        pauses, left = [], []
        for _ in range(3):
            pauses.append(upkeep.round())
            left.append(to_clear(sessions))

        assert left == [1, 0, 0]
        assert pauses == [BREATH_S, BREATH_S, LOOK_EVERY_S]

    def test_waits_until_a_duty_is_due_again(
        self, upkeep: Upkeep, sessions: SessionFactory, clock: Clock, dispatcher_settings: DispatcherSettings
    ) -> None:
        while upkeep.round() < LOOK_EVERY_S:
            pass
        ended_jobs(sessions, 1)

        upkeep.round()
        early = to_clear(sessions)
        clock.now += dispatcher_settings.purge_every.total_seconds()
        upkeep.round()

        assert (early, to_clear(sessions)) == (1, 0)


class TestLeader:
    def test_is_one_of_two(
        self,
        upkeep: Upkeep,
        dispatcher_settings: DispatcherSettings,
        sessions: SessionFactory,
        storage: ObjectStorage,
    ) -> None:
        upkeep.round()
        ended_jobs(sessions, 1)

        pause = Upkeep(dispatcher_settings, sessions, storage).round()

        assert (pause, to_clear(sessions)) == (LOOK_EVERY_S, 1)

    def test_is_the_other_when_its_process_dies(
        self,
        upkeep: Upkeep,
        dispatcher_settings: DispatcherSettings,
        sessions: SessionFactory,
        storage: ObjectStorage,
    ) -> None:
        other = Upkeep(dispatcher_settings, sessions, storage)
        upkeep.round()
        other.round()
        ended_jobs(sessions, 1)

        end_leaders_connection(sessions)
        other.round()
        other.resign()

        assert to_clear(sessions) == 0

    def test_that_lost_its_connection_does_nothing_until_it_leads_again(
        self, upkeep: Upkeep, sessions: SessionFactory, clock: Clock
    ) -> None:
        upkeep.round()
        end_leaders_connection(sessions)
        ended_jobs(sessions, 1)
        clock.now += timedelta(days=1).total_seconds()
        rival = Leadership(sessions)
        rival.is_mine()

        upkeep.round()
        upkeep.round()
        meanwhile = to_clear(sessions)
        rival.resign()
        upkeep.round()

        assert (meanwhile, to_clear(sessions)) == (1, 0)

    def test_holds_no_transaction_open(self, upkeep: Upkeep, sessions: SessionFactory) -> None:
        upkeep.round()

        with sessions.begin() as session:
            query = (
                "SELECT state FROM pg_stat_activity JOIN pg_locks USING (pid) "
                "WHERE locktype = 'advisory' AND objid = :key"
            )
            states = session.scalars(text(query), {"key": UPKEEP_LOCK}).all()
        assert states == ["idle"]


class TestStorageThatHangs:
    @pytest.fixture
    def hanging(self, storage_settings: StorageSettings) -> Iterator[StorageSettings]:
        with FaultProxy(make_url(str(storage_settings.endpoint_url)).port or 0) as proxy:
            proxy.swallow(new_ones=True)
            url = f"http://{LOOPBACK}:{proxy.port}"
            yield storage_settings.model_copy(
                update={"endpoint_url": url, "attempts": 1, "answer_timeout": timedelta(seconds=0.2)}
            )

    def test_puts_the_sweep_off_and_nothing_else(
        self,
        *,
        hanging: StorageSettings,
        dispatcher_settings: DispatcherSettings,
        sessions: SessionFactory,
        clock: Clock,
    ) -> None:
        ended_jobs(sessions, 1)
        upkeep = Upkeep(dispatcher_settings, sessions, ObjectStorage(hanging), clock=clock)

        upkeep.round()
        upkeep.resign()

        [sweep] = [duty for duty in upkeep.duties if duty.name == "sweep_storage"]
        assert sweep.due_at == clock.now + TRY_AGAIN_S
        assert to_clear(sessions) == 0

    def test_holds_up_no_hint(
        self,
        *,
        hanging: StorageSettings,
        dispatcher_settings: DispatcherSettings,
        sessions: SessionFactory,
        app: Celery,
        mailbox: Mailbox,
    ) -> None:
        """The test's own time-out is what a hint that waits for storage would meet."""
        forever = {"storage": hanging.model_copy(update={"answer_timeout": timedelta(minutes=10)})}
        settings = dispatcher_settings.model_copy(update=forever)
        ended_jobs(sessions, 1)
        with sessions.begin() as session:
            job_id: uuid.UUID = builders.queued_job(session, builders.owner(session)).id
        dispatcher = StoppedByHint(settings, sessions, app)

        dispatcher.run()

        assert mailbox.take(PREPARE_QUEUE) == [str(job_id)]
        assert to_clear(sessions) == 1  # The one that goes on.


class StoppedByHint(Dispatcher):
    """Ends when its upkeep has got as far as storage and a hint was sent."""

    def tick(self) -> None:
        super().tick()
        with self.sessions.begin() as session:
            unended = select(func.count()).select_from(Job).where(Job.finished_at.is_(None))
            if session.scalar(TO_CLEAR) == session.scalar(unended):
                self.stop()


class TestThread:
    def test_is_started_anew_when_a_bug_ended_it(
        self, dispatcher_settings: DispatcherSettings, sessions: SessionFactory, app: Celery
    ) -> None:
        dispatcher = Dispatcher(dispatcher_settings, sessions, app)
        ended = threading.Thread(target=lambda: None)
        ended.start()
        ended.join()
        dispatcher._upkeep = ended

        dispatcher._tend_upkeep()
        dispatcher.stop()

        assert dispatcher._upkeep is not ended
        dispatcher._upkeep.join()
