"""Events are announced to whom they concern, and read in an order that leaves none out."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text

from core.database import SessionFactory
from core.errors import DatabaseUnavailable
from models import Delivery, Event, EventType, WebhookEndpoint
from models.repositories import events
from models.repositories.endings import Endings
from models.repositories.events import EventRepository
from models.repositories.jobs import JobRepository
from tests import builders
from tests.builders import TTL
from tests.integration.api.live import until
from tests.integration.workers.delivery.hooks import listening


@pytest.fixture
def owner_id(sessions: SessionFactory) -> uuid.UUID:
    with sessions.begin() as session:
        return builders.owner(session).id


def about_nothing(owner_id: uuid.UUID, kind: EventType = EventType.JOB_COMPLETED) -> Event:
    return Event(owner_id=owner_id, type=kind, payload={})


def announce(sessions: SessionFactory, owner_id: uuid.UUID) -> int:
    with sessions.begin() as session:
        event = about_nothing(owner_id)
        EventRepository(session).announce(event)
        return event.sequence


def feed(sessions: SessionFactory, owner_id: uuid.UUID, *, after: int = 0, limit: int = 100) -> list[int]:
    with sessions.begin() as session:
        found = EventRepository(session).feed(owner_id, after=after, limit=limit)
        return [event.sequence for event in found]


def endpoint(sessions: SessionFactory, owner_id: uuid.UUID, **fields: object) -> uuid.UUID:
    with sessions.begin() as session:
        row = WebhookEndpoint(
            **{"owner_id": owner_id, "url": f"https://hooks.example/{uuid.uuid4()}", **fields}
        )
        session.add(row)
        session.flush()
        return row.id


def deliveries(sessions: SessionFactory) -> dict[uuid.UUID, str]:
    """URL by endpoint."""
    with sessions.begin() as session:
        return {row.endpoint_id: row.url for row in session.scalars(select(Delivery))}


class TestAnnouncing:
    @pytest.mark.parametrize(
        ("fields", "hears"),
        [
            ({}, True),
            ({"event_types": ["job.failed", "job.completed"]}, True),
            ({"event_types": ["job.failed"]}, False),
            ({"for_jobs": True}, False),
        ],
        ids=["everything", "this and another", "another", "only its jobs"],
    )
    def test_reaches_endpoints_that_want_to_hear_of_it(
        self, sessions: SessionFactory, owner_id: uuid.UUID, fields: dict[str, object], hears: bool
    ) -> None:
        listening = endpoint(sessions, owner_id, **fields)

        announce(sessions, owner_id)

        assert list(deliveries(sessions)) == ([listening] if hears else [])

    def test_passes_over_those_that_are_disabled(self, sessions: SessionFactory, owner_id: uuid.UUID) -> None:
        endpoint(sessions, owner_id, disabled_at="2026-01-01T00:00:00Z", disabled_reason="gone")

        announce(sessions, owner_id)

        assert deliveries(sessions) == {}

    def test_tells_nobody_else(self, sessions: SessionFactory, owner_id: uuid.UUID) -> None:
        with sessions.begin() as session:
            stranger = builders.owner(session, "somebody else").id
        endpoint(sessions, stranger)

        announce(sessions, owner_id)

        assert deliveries(sessions) == {}

    def test_of_a_job_reaches_the_address_it_names_beside_the_others(
        self, sessions: SessionFactory, owner_id: uuid.UUID
    ) -> None:
        others = endpoint(sessions, owner_id, url="https://all.example/")
        own = endpoint(sessions, owner_id, url="https://own.example:443", for_jobs=True)
        with sessions.begin() as session:
            job = builders.queued_job(session, builders.owner(session))
            job.webhook_endpoint_id, job.webhook_url = own, "https://own.example/jobs/7"
            job_id = job.id

        with sessions.begin() as session:
            Endings(session).cancel(JobRepository(session).locked(job_id))

        assert deliveries(sessions) == {others: "https://all.example/", own: "https://own.example/jobs/7"}

    @pytest.mark.parametrize("listeners", [0, 1])
    def test_wakes_the_dispatcher_if_there_is_something_to_deliver(
        self, sessions: SessionFactory, database_url: SecretStr, owner_id: uuid.UUID, listeners: int
    ) -> None:
        for _ in range(listeners):
            endpoint(sessions, owner_id)
        with listening(database_url) as heard:
            announce(sessions, owner_id)

        assert heard == [""] * listeners

    def test_is_undone_with_its_transaction(self, sessions: SessionFactory, owner_id: uuid.UUID) -> None:
        endpoint(sessions, owner_id)

        with sessions() as session:
            EventRepository(session).announce(about_nothing(owner_id))
            session.rollback()

        assert (deliveries(sessions), feed(sessions, owner_id)) == ({}, [])

    def test_survives_that_an_endpoint_is_deleted_meanwhile(
        self, sessions: SessionFactory, owner_id: uuid.UUID
    ) -> None:
        leaving, staying = endpoint(sessions, owner_id), endpoint(sessions, owner_id)

        with ThreadPoolExecutor(1) as threads:
            with sessions.begin() as session:
                session.execute(text("DELETE FROM webhook_endpoints WHERE id = :id"), {"id": leaving})
                announcing = threads.submit(announce, sessions, owner_id)
                until(somebody_waits(sessions, "transactionid"))
            announcing.result()

        assert list(deliveries(sessions)) == [staying]


def somebody_waits(sessions: SessionFactory, kind: str) -> Callable[[], bool]:
    def waits() -> bool:
        query = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = :kind")
        with sessions.begin() as session:
            return bool(session.execute(query, {"kind": kind}).scalar_one())

    return waits


class TestFeed:
    @pytest.fixture
    def patient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A busy machine may take longer than a reader waits."""
        monkeypatch.setattr(events, "LONGEST_WAIT", TTL)

    def test_goes_on_where_it_ended(self, sessions: SessionFactory, owner_id: uuid.UUID) -> None:
        first, second, third = (announce(sessions, owner_id) for _ in range(3))

        assert feed(sessions, owner_id, limit=2) == [first, second]
        assert feed(sessions, owner_id, after=second) == [third]
        assert feed(sessions, owner_id, after=third) == []

    def test_has_nothing_of_others(self, sessions: SessionFactory, owner_id: uuid.UUID) -> None:
        with sessions.begin() as session:
            stranger = builders.owner(session, "somebody else").id
        announce(sessions, stranger)

        assert feed(sessions, owner_id) == []

    def test_is_not_shown_while_an_earlier_event_may_still_appear(
        self, sessions: SessionFactory, owner_id: uuid.UUID
    ) -> None:
        with sessions.begin() as slow:
            EventRepository(slow).announce(about_nothing(owner_id))
            later = announce(sessions, owner_id)

            with pytest.raises(DatabaseUnavailable):
                feed(sessions, owner_id)

        assert feed(sessions, owner_id) == [later - 1, later]

    def test_waits_for_announcements_that_end_soon(
        self, sessions: SessionFactory, owner_id: uuid.UUID, patient: None
    ) -> None:
        with ThreadPoolExecutor(1) as threads:
            with sessions.begin() as slow:
                EventRepository(slow).announce(about_nothing(owner_id))
                reading = threads.submit(feed, sessions, owner_id)
                until(somebody_waits(sessions, "advisory"))

            assert len(reading.result()) == 1

    def test_keeps_numbers_from_being_drawn_while_it_is_read(
        self, sessions: SessionFactory, owner_id: uuid.UUID
    ) -> None:
        drawn = announce(sessions, owner_id)

        with ThreadPoolExecutor(1) as threads:
            with sessions.begin() as reader:
                EventRepository(reader).feed(owner_id, after=0, limit=1)
                announcing = threads.submit(announce, sessions, owner_id)
                until(somebody_waits(sessions, "advisory"))
                last = reader.execute(text("SELECT last_value FROM events_sequence_seq")).scalar_one()

            assert (last, announcing.result()) == (drawn, drawn + 1)

    def test_misses_nothing_that_many_announce_at_once(
        self, sessions: SessionFactory, owner_id: uuid.UUID, patient: None
    ) -> None:
        """A reader that never looks back, against four writers."""
        seen: list[int] = []
        over = threading.Event()

        def follow() -> None:
            while not over.is_set() or feed(sessions, owner_id, after=max(seen, default=0), limit=1):
                seen.extend(feed(sessions, owner_id, after=max(seen, default=0)))

        with ThreadPoolExecutor(5) as threads:
            following = threads.submit(follow)
            announced = list(threads.map(lambda _: announce(sessions, owner_id), range(200)))
            over.set()
            following.result()

        assert seen == sorted(announced)
