"""What follows from answers: the schedule, pauses, the end of a webhook."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Final

import pytest
from sqlalchemy import select

from core.database import SessionFactory
from models import Delivery, DeliveryState, Event, EventType, WebhookEndpoint
from tests import receiver as behaviours
from tests.builders import TTL
from tests.integration.workers.delivery import hooks
from tests.integration.workers.delivery.conftest import Send
from tests.integration.workers.delivery.hooks import pause_of
from tests.receiver import Receiver
from workers.delivery.delivering import NOTHING_TO_DO

DAY: Final = timedelta(days=1)


class TestSchedule:
    def test_is_walked_through_to_its_end(
        self,
        sessions: SessionFactory,
        receiver: Receiver,
        endpoint_id: uuid.UUID,
        delivery_id: uuid.UUID,
        send: Send,
    ) -> None:
        receiver.behaviour = behaviours.status(500)
        pauses = []

        while hooks.delivery(sessions, delivery_id).state is DeliveryState.WAITING:
            send(delivery_id)
            pauses.append(timedelta(seconds=pause_of(sessions, delivery_id)))
            # Others got through meanwhile: the webhook as a whole is well.
            with sessions.begin() as session:
                session.get_one(WebhookEndpoint, endpoint_id).forget_failures()
            hooks.wait(sessions, pauses[-1])

        assert [round(pause.total_seconds() / 5) * 5 for pause in pauses[:-1]] == [
            5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400,
        ]  # fmt: skip
        assert hooks.delivery(sessions, delivery_id).state is DeliveryState.FAILED
        assert hooks.delivery(sessions, delivery_id).tries == len(receiver.requests) == 10

    def test_goes_on_after_a_success_of_others(
        self, sessions: SessionFactory, receiver: Receiver, delivery_id: uuid.UUID, send: Send
    ) -> None:
        receiver.behaviour = behaviours.status(500)
        send(delivery_id)
        receiver.behaviour = behaviours.status(204)

        assert send(delivery_id) == NOTHING_TO_DO
        hooks.wait(sessions, DAY)
        send(delivery_id)

        assert [attempt.number for attempt in hooks.attempts(sessions, delivery_id)] == [1, 2]
        assert hooks.delivery(sessions, delivery_id).state is DeliveryState.DELIVERED

    @pytest.mark.parametrize("code", [429, 502, 503, 504])
    def test_gives_way_to_what_an_overloaded_receiver_asks_for(
        self,
        sessions: SessionFactory,
        receiver: Receiver,
        endpoint_id: uuid.UUID,
        delivery_id: uuid.UUID,
        send: Send,
        code: int,
    ) -> None:
        receiver.behaviour = behaviours.status(code, Retry_After="600")
        (other,) = hooks.announced(sessions)

        send(delivery_id)

        assert 600 <= pause_of(sessions, delivery_id) < 660
        assert send(other) == NOTHING_TO_DO
        hooks.wait(sessions, timedelta(seconds=600))
        receiver.behaviour = behaviours.status(204)
        send(other)
        assert hooks.delivery(sessions, other).state is DeliveryState.DELIVERED

    def test_believes_a_receiver_within_reason(
        self, sessions: SessionFactory, receiver: Receiver, delivery_id: uuid.UUID, send: Send
    ) -> None:
        receiver.behaviour = behaviours.status(429, Retry_After="999999")

        send(delivery_id)

        assert 3600 <= pause_of(sessions, delivery_id) < 3660


class TestGone:
    def test_disables_the_webhook_at_once_and_says_so(
        self,
        sessions: SessionFactory,
        receiver: Receiver,
        endpoint_id: uuid.UUID,
        delivery_id: uuid.UUID,
        send: Send,
    ) -> None:
        other = hooks.webhook(sessions, receiver.url("/other"))
        (waiting,) = set(hooks.announced(sessions)) - on_its_way_to(sessions, other)
        receiver.behaviour = behaviours.status(410)

        send(delivery_id)

        endpoint = hooks.endpoint(sessions, endpoint_id)
        assert (endpoint.disabled_reason, hooks.delivery(sessions, delivery_id).state) == (
            "gone",
            DeliveryState.FAILED,
        )
        assert send(waiting) == NOTHING_TO_DO
        assert announcements(sessions) == {other: {"reason": "gone", "webhook_id": str(endpoint_id)}}

    def test_of_one_jobs_address_says_nothing_of_others(
        self, sessions: SessionFactory, receiver: Receiver, send: Send
    ) -> None:
        endpoint_id = hooks.webhook(sessions, receiver.url(""), for_jobs=True)
        hooks.backlog(sessions, endpoint_id, 1)
        with sessions.begin() as session:
            delivery_id = session.scalars(select(Delivery.id)).one()
        receiver.behaviour = behaviours.status(410)

        send(delivery_id)

        endpoint = hooks.endpoint(sessions, endpoint_id)
        assert (endpoint.disabled_at, endpoint.failures) == (None, 0)
        assert hooks.delivery(sessions, delivery_id).state is DeliveryState.FAILED


def on_its_way_to(sessions: SessionFactory, endpoint_id: uuid.UUID) -> set[uuid.UUID]:
    with sessions.begin() as session:
        return set(session.scalars(select(Delivery.id).where(Delivery.endpoint_id == endpoint_id)))


def announcements(sessions: SessionFactory) -> dict[uuid.UUID, dict[str, object]]:
    """Who is told that a webhook was disabled, and what."""
    with sessions.begin() as session:
        rows = session.execute(
            select(Delivery.endpoint_id, Event.payload)
            .join(Event, Event.id == Delivery.event_id)
            .where(Event.type == EventType.WEBHOOK_DISABLED)
        )
        return {to: {name: payload[name] for name in ("reason", "webhook_id")} for to, payload in rows}


class TestDaysOfFailure:
    def fail_for(self, sessions: SessionFactory, send: Send, delivery_id: uuid.UUID, days: float) -> None:
        """One attempt a day."""
        for _ in range(int(days)):
            send(delivery_id)
            hooks.wait(sessions, DAY * 1.01)

    def test_disable_the_webhook_and_say_so(
        self,
        sessions: SessionFactory,
        receiver: Receiver,
        endpoint_id: uuid.UUID,
        delivery_id: uuid.UUID,
        send: Send,
    ) -> None:
        receiver.behaviour = behaviours.status(500)
        self.fail_for(sessions, send, delivery_id, 5)
        other = hooks.webhook(sessions, receiver.url("/other"))
        assert hooks.endpoint(sessions, endpoint_id).disabled_at is None

        send(delivery_id)

        assert hooks.endpoint(sessions, endpoint_id).disabled_reason == "failing"
        assert hooks.delivery(sessions, delivery_id).state is DeliveryState.FAILED
        assert announcements(sessions) == {other: {"reason": "failing", "webhook_id": str(endpoint_id)}}

    def test_do_not_count_when_something_was_taken(
        self,
        sessions: SessionFactory,
        receiver: Receiver,
        endpoint_id: uuid.UUID,
        delivery_id: uuid.UUID,
        send: Send,
    ) -> None:
        receiver.behaviour = behaviours.status(500)
        self.fail_for(sessions, send, delivery_id, 4)
        receiver.behaviour = behaviours.status(204)
        (other,) = hooks.announced(sessions)
        send(other)
        receiver.behaviour = behaviours.status(500)

        self.fail_for(sessions, send, delivery_id, 3)

        assert hooks.endpoint(sessions, endpoint_id).disabled_at is None


class TestBreaker:
    def test_pauses_a_webhook_that_fails_again_and_again(
        self, sessions: SessionFactory, receiver: Receiver, endpoint_id: uuid.UUID, send: Send
    ) -> None:
        receiver.behaviour = behaviours.status(500)
        waiting = [hooks.announced(sessions)[0] for _ in range(7)]

        shown = [send(delivery_id) for delivery_id in waiting]

        assert [line == NOTHING_TO_DO for line in shown] == [False] * 5 + [True] * 2
        assert len(receiver.requests) == 5

    def test_tries_one_after_the_pause_and_all_when_that_one_was_taken(
        self, sessions: SessionFactory, receiver: Receiver, endpoint_id: uuid.UUID, send: Send
    ) -> None:
        receiver.behaviour = behaviours.status(500)
        for _ in range(5):
            send(hooks.announced(sessions)[0])
        first, second, third = (hooks.announced(sessions)[0] for _ in range(3))
        hooks.wait(sessions, timedelta(seconds=30))

        hooks.lease(sessions, first, ttl=TTL)
        assert send(second) == NOTHING_TO_DO
        with sessions.begin() as session:
            session.get_one(Delivery, first).release(available_at=session.get_one(Delivery, first).created_at)
        receiver.behaviour = behaviours.status(204)
        send(first)
        hooks.lease(sessions, second, ttl=TTL)
        send(third)

        assert hooks.delivery(sessions, third).state is DeliveryState.DELIVERED
