"""Rows that nobody asks for any more, and those that somebody may."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from core.database import SessionFactory
from models import (
    Chunk,
    Delivery,
    DeliveryAttempt,
    DeviceBatch,
    Event,
    EventType,
    IdempotencyKey,
    Record,
    Upload,
    WebhookEndpoint,
    Worker,
)
from models.repositories import clock
from models.repositories.device_batches import DeviceBatchRepository
from models.repositories.purges import Purges
from models.repositories.workers import WorkerRepository
from tests import builders
from workers.transcription.committing import commit_hypotheses

KEEP: Final = timedelta(days=1)
LIMIT: Final = 3

Purge = Callable[[Session], int]


def add_upload(session: Session) -> None:
    owner = builders.owner(session)
    session.add(Upload(owner_id=owner.id, object_key="recordings/x", expires_at=clock.now(session)))


def add_key(session: Session) -> None:
    """It counts from its own end on."""
    job = builders.queued_job(session, builders.owner(session))
    moment = clock.now(session) + KEEP
    session.add(
        IdempotencyKey(
            owner_id=job.owner_id,
            key=str(uuid.uuid4()),
            fingerprint=b"",
            job_id=job.id,
            response="{}",
            expires_at=moment,
        )
    )


def add_worker(session: Session) -> None:
    WorkerRepository(session).beat(
        Worker(
            name=str(uuid.uuid4()),
            model="scripted",
            engine_version="1",
            device="cpu",
            dtype="none",
            max_batch_ms=1,
            max_batch_chunks=1,
        )
    )


def add_device_batch(session: Session) -> None:
    batch = DeviceBatchRepository(session).open("scripted")
    batch.find_nothing(at=clock.now(session))


def add_event(session: Session) -> None:
    owner = builders.owner(session)
    session.add(Event(owner_id=owner.id, type=EventType.WEBHOOK_TEST, payload={}))


# What is purged: its table, the column that tells its age, how one is made, and the purge.
KINDS: Final[dict[str, tuple[type[Record], str, Callable[[Session], None], Purge]]] = {
    "uploads": (
        Upload,
        "expires_at",
        add_upload,
        lambda session: Purges(session).uploads(keep=KEEP, limit=LIMIT),
    ),
    "idempotency keys": (
        IdempotencyKey,
        "expires_at",
        add_key,
        lambda session: Purges(session).idempotency_keys(limit=LIMIT),
    ),
    "workers": (
        Worker,
        "seen_at",
        add_worker,
        lambda session: Purges(session).workers(keep=KEEP, limit=LIMIT),
    ),
    "device batches": (
        DeviceBatch,
        "ended_at",
        add_device_batch,
        lambda session: Purges(session).device_batches(keep=KEEP, limit=LIMIT),
    ),
    "events": (
        Event,
        "created_at",
        add_event,
        lambda session: Purges(session).events(keep=KEEP, limit=LIMIT),
    ),
}


class Table:
    """Rows of one kind."""

    def __init__(self, sessions: SessionFactory, kind: str) -> None:
        self.sessions = sessions
        self.record, self.moment, self.make, self.purge_in = KINDS[kind]

    def add(self, count: int) -> None:
        with self.sessions.begin() as session:
            for _ in range(count):
                self.make(session)

    def age(self) -> None:
        """All there are, by a little more than they are kept."""
        with self.sessions.begin() as session:
            name = self.record.__tablename__
            session.execute(
                text(f"UPDATE {name} SET {self.moment} = {self.moment} - interval '24 hours 1 second'")
            )

    def purge(self) -> int:
        with self.sessions.begin() as session:
            return self.purge_in(session)

    def count(self) -> int:
        with self.sessions.begin() as session:
            return session.scalar(select(func.count()).select_from(self.record)) or 0


@pytest.fixture(params=KINDS)
def table(request: pytest.FixtureRequest, sessions: SessionFactory) -> Table:
    return Table(sessions, request.param)


class TestPurge:
    def test_takes_what_is_old_and_leaves_what_is_young(self, table: Table) -> None:
        table.add(2)
        table.age()
        table.add(1)

        gone = table.purge()

        assert (gone, table.count()) == (2, 1)

    def test_takes_so_many_at_a_time(self, table: Table) -> None:
        table.add(LIMIT + 1)
        table.age()

        assert [table.purge() for _ in range(3)] == [LIMIT, 1, 0]

    @pytest.mark.parametrize("table", sorted(KINDS.keys() - {"events"}), indirect=True)
    def test_waits_for_nobody(self, table: Table) -> None:
        table.add(1)
        table.age()

        with table.sessions.begin() as other:
            other.scalars(select(table.record).with_for_update()).all()
            assert table.purge() == 0
        assert table.purge() == 1


class TestDeviceBatches:
    def test_that_are_open_or_running_stay_however_old(self, sessions: SessionFactory) -> None:
        with sessions.begin() as session:
            builders.prepared_job(session, builders.owner(session))
            DeviceBatchRepository(session).open("scripted")
        builders.started_batch(sessions)
        table = Table(sessions, "device batches")
        with sessions.begin() as session:
            session.execute(text("UPDATE device_batches SET created_at = created_at - interval '1 year'"))

        assert (table.purge(), table.count()) == (0, 2)

    def test_go_although_chunks_that_were_in_them_stay(self, sessions: SessionFactory) -> None:
        with sessions.begin() as session:
            builders.prepared_job(session, builders.owner(session))
        batch_id, chunks = builders.started_batch(sessions)
        with sessions.begin() as session:
            batch = DeviceBatchRepository(session).held(batch_id, attempt=1)
            commit_hypotheses(session, batch, [builders.hypothesis(chunk) for chunk in chunks])
        table = Table(sessions, "device batches")
        table.age()

        assert (table.purge(), table.count()) == (1, 0)
        with sessions.begin() as session:
            assert session.scalars(select(Chunk.device_batch_id)).all() == [batch_id]


class TestEvents:
    def test_take_their_deliveries_and_the_log_along(self, sessions: SessionFactory) -> None:
        table = Table(sessions, "events")
        table.add(1)
        with sessions.begin() as session:
            event = session.scalars(select(Event)).one()
            endpoint = WebhookEndpoint(owner_id=event.owner_id, url="https://example.org")
            session.add(endpoint)
            session.flush()
            delivery = Delivery(event_id=event.id, endpoint_id=endpoint.id, url=endpoint.url)
            session.add(delivery)
            session.flush()
            session.add(
                DeliveryAttempt(
                    delivery_id=delivery.id, number=1, started_at=clock.now(session), latency_ms=1
                )
            )
        table.age()

        table.purge()

        with sessions.begin() as session:
            assert session.scalars(select(Delivery)).all() == []
            assert session.scalars(select(DeliveryAttempt)).all() == []
            assert len(session.scalars(select(WebhookEndpoint)).all()) == 1
