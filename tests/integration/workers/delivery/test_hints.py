"""Which deliveries are announced, and that one webhook's backlog leaves the others their place."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from celery import Celery
from sqlalchemy import text

from core.broker import DELIVER_QUEUE
from core.database import SessionFactory
from tests.builders import TTL
from tests.integration.workers.conftest import Mailbox
from tests.integration.workers.delivery import hooks
from workers.dispatcher.hints import DELIVERIES_AT_ONCE, Hint
from workers.dispatcher.loop import Dispatcher
from workers.settings import DispatcherSettings

URL = "https://hooks.example/"


@pytest.fixture
def announced_to(
    dispatcher: Dispatcher, mailbox: Mailbox, sessions: SessionFactory
) -> Callable[[], list[uuid.UUID]]:
    """The endpoints whose deliveries one round of the dispatcher announces."""

    def tick() -> list[uuid.UUID]:
        dispatcher.tick()
        return [hooks.delivery(sessions, uuid.UUID(each)).endpoint_id for each in mailbox.take(DELIVER_QUEUE)]

    return tick


Announced = Callable[[], list[uuid.UUID]]


class CutOff(Dispatcher):
    """The broker takes nothing from it."""

    def _published(self, hint: Hint) -> bool:
        return False


class TestHints:
    def test_are_given_once(self, sessions: SessionFactory, announced_to: Announced) -> None:
        endpoint_id = hooks.webhook(sessions, URL)
        hooks.announced(sessions)

        assert announced_to() == [endpoint_id]
        assert announced_to() == []

    def test_are_given_again_when_nobody_came(
        self, sessions: SessionFactory, announced_to: Announced
    ) -> None:
        endpoint_id = hooks.webhook(sessions, URL)
        hooks.announced(sessions)
        announced_to()
        hooks.wait(sessions, timedelta(minutes=1))

        assert announced_to() == [endpoint_id]

    def test_are_given_for_as_many_as_there_is_room(
        self, sessions: SessionFactory, announced_to: Announced
    ) -> None:
        endpoint_id = hooks.webhook(sessions, URL, concurrency=3)
        first, *_ = (hooks.announced(sessions)[0] for _ in range(5))
        hooks.lease(sessions, first, ttl=TTL)

        assert announced_to() == [endpoint_id] * 2
        assert announced_to() == []

    @pytest.mark.parametrize(
        ("change", "count"),
        [
            ("disabled_at = now(), disabled_reason = 'owner'", 0),
            ("paused_until = now() + interval '1 minute'", 0),
            ("paused_until = now() - interval '1 minute', failures = 5", 1),
            ("failures = 1", 1),
            ("concurrency = 16", 5),
        ],
    )
    def test_heed_how_the_webhook_is_doing(
        self,
        dispatcher: Dispatcher,
        mailbox: Mailbox,
        sessions: SessionFactory,
        announced_to: Announced,
        change: str,
        count: int,
    ) -> None:
        hooks.webhook(sessions, URL)
        for _ in range(5):
            hooks.announced(sessions)
        with sessions.begin() as session:
            session.execute(text(f"UPDATE webhook_endpoints SET {change}"))

        # Before upkeep comes to it.
        dispatcher._reaped_at = math.inf
        assert len(announced_to()) == count

    def test_are_not_given_before_their_time(self, sessions: SessionFactory, announced_to: Announced) -> None:
        endpoint_id = hooks.webhook(sessions, URL)
        hooks.announced(sessions)
        hooks.wait(sessions, timedelta(hours=-1))

        assert announced_to() == []
        hooks.wait(sessions, timedelta(hours=1))
        assert announced_to() == [endpoint_id]

    def test_that_the_broker_lost_are_all_given_again(
        self, dispatcher: Dispatcher, mailbox: Mailbox, sessions: SessionFactory, announced_to: Announced
    ) -> None:
        endpoint_id = hooks.webhook(sessions, URL)
        hooks.announced(sessions)
        announced_to()
        mailbox.empty()

        dispatcher._reaped_at = 0.0

        assert announced_to() == [endpoint_id]

    def test_that_could_not_be_sent_are_due_at_once(
        self,
        dispatcher_settings: DispatcherSettings,
        sessions: SessionFactory,
        app: Celery,
        announced_to: Announced,
    ) -> None:
        endpoint_id = hooks.webhook(sessions, URL)
        hooks.announced(sessions)

        CutOff(dispatcher_settings, sessions, app).tick()

        assert announced_to() == [endpoint_id]


class TestBacklog:
    def test_of_a_dead_receiver_leaves_the_others_their_place(
        self, sessions: SessionFactory, announced_to: Announced
    ) -> None:
        dead = hooks.webhook(sessions, URL)
        hooks.backlog(sessions, dead, 100_000)
        good = hooks.webhook(sessions, URL)
        hooks.backlog(sessions, good, 2)

        assert sorted(announced_to()) == sorted([dead] * 4 + [good] * 2)

    def test_of_many_is_announced_in_turn_and_in_bounds(
        self, sessions: SessionFactory, announced_to: Announced
    ) -> None:
        endpoints = [hooks.webhook(sessions, URL) for _ in range(DELIVERIES_AT_ONCE)]
        for endpoint_id in endpoints:
            hooks.backlog(sessions, endpoint_id, 3)

        assert sorted(announced_to()) == sorted(endpoints)
        assert announced_to() == []

    def test_of_one_that_is_disabled_fails_with_the_dispatchers_rounds(
        self, dispatcher: Dispatcher, sessions: SessionFactory, announced_to: Announced
    ) -> None:
        endpoint_id = hooks.webhook(sessions, URL, disabled_at="2026-01-01T00:00:00Z", disabled_reason="gone")
        hooks.backlog(sessions, endpoint_id, 3)

        assert announced_to() == []

        with sessions.begin() as session:
            states = session.execute(text("SELECT state, count(*) FROM deliveries GROUP BY 1")).all()
        assert [tuple(row) for row in states] == [("failed", 3)]
