"""A delivery is one worker's at a time, and nobody's for long."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Final

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from core.database import SessionFactory
from core.errors import LeaseLost
from core.outbound.client import OutboundClient
from models import Delivery, DeliveryState, EventType, WebhookEndpoint
from models.repositories.deliveries import DeliveryRepository
from models.webhook_endpoint import FAILURES_BEFORE_PAUSE
from tests import receiver as behaviours
from tests.builders import EXPIRED, TTL
from tests.integration.workers.delivery import hooks
from tests.integration.workers.delivery.conftest import Send
from tests.receiver import Receiver
from workers.delivery.delivering import NOTHING_TO_DO, deliver
from workers.process import Process
from workers.upkeep.fail_deliveries import fail_deliveries
from workers.upkeep.reap_deliveries import reap_deliveries

DAY: Final = timedelta(days=1)


class TestClaim:
    def test_leaves_no_more_on_their_way_than_the_webhook_wants(
        self, sessions: SessionFactory, receiver: Receiver, send: Send
    ) -> None:
        hooks.webhook(sessions, receiver.url(), concurrency=2)
        first, second, third = (hooks.announced(sessions)[0] for _ in range(3))
        hooks.lease(sessions, first, ttl=TTL)
        hooks.lease(sessions, second, ttl=TTL)

        assert send(third) == NOTHING_TO_DO

    @pytest.mark.parametrize("state", ["leased", "delivered", "later", "disabled", "gone"])
    def test_of_what_is_not_to_be_sent_is_nothing(
        self,
        sessions: SessionFactory,
        receiver: Receiver,
        endpoint_id: uuid.UUID,
        delivery_id: uuid.UUID,
        send: Send,
        state: str,
    ) -> None:
        with sessions.begin() as session:
            delivery = session.get_one(Delivery, delivery_id)
            if state in ("leased", "delivered"):
                delivery.lease(until=delivery.created_at + TTL)
            if state == "delivered":
                delivery.succeed(at=delivery.created_at)
            if state == "later":
                delivery.available_at += TTL
            if state == "disabled":
                endpoint = session.get_one(WebhookEndpoint, endpoint_id)
                endpoint.disabled_at, endpoint.disabled_reason = endpoint.created_at, "owner"
            if state == "gone":
                session.delete(delivery)

        assert send(delivery_id) == NOTHING_TO_DO
        assert receiver.requests == []

    def test_is_had_by_one_worker_only(self, sessions: SessionFactory, delivery_id: uuid.UUID) -> None:
        with sessions.begin() as first:
            DeliveryRepository(first).claim(delivery_id, ttl=TTL)

        with sessions.begin() as second, pytest.raises(LeaseLost):
            DeliveryRepository(second).claim(delivery_id, ttl=TTL)


class TestRun:
    def test_goes_on_with_what_is_due_for_the_same_webhook(
        self, sessions: SessionFactory, process: Process, client: OutboundClient, receiver: Receiver
    ) -> None:
        hooks.webhook(sessions, receiver.url("/other"), event_types=["job.failed"])
        hooks.announced(sessions, EventType.JOB_FAILED)
        hooks.webhook(sessions, receiver.url("/this"), event_types=["job.completed"])
        first, *_ = (hooks.announced(sessions)[0] for _ in range(3))

        shown = deliver(process, client, first)

        assert [request.path for request in receiver.requests] == ["/this"] * 3
        assert len({request.headers["webhook-id"] for request in receiver.requests}) == 3
        assert shown.startswith("3 sent, ")

    def test_ends_with_a_pause(
        self, sessions: SessionFactory, process: Process, client: OutboundClient, receiver: Receiver
    ) -> None:
        receiver.behaviour = behaviours.status(500)
        hooks.backlog(sessions, hooks.webhook(sessions, receiver.url()), 20)
        with sessions.begin() as session:
            first = session.scalars(select(Delivery.id).limit(1)).one()

        deliver(process, client, first)

        assert len(receiver.requests) == FAILURES_BEFORE_PAUSE

    def test_keeps_to_the_room_that_others_leave(
        self, sessions: SessionFactory, process: Process, client: OutboundClient, receiver: Receiver
    ) -> None:
        endpoint_id = hooks.webhook(sessions, receiver.url(), concurrency=2)
        first, second, _ = (hooks.announced(sessions)[0] for _ in range(3))
        hooks.lease(sessions, second, ttl=TTL)

        def narrow(request: behaviours.Received) -> None:
            with sessions.begin() as session:
                session.get_one(WebhookEndpoint, endpoint_id).concurrency = 1
            behaviours.status(204)(request)

        receiver.behaviour = narrow
        deliver(process, client, first)

        assert len(receiver.requests) == 1

    @pytest.mark.parametrize(("due", "woken"), [(1, False), (2, True)])
    def test_that_leaves_some_wakes_the_dispatcher(
        self,
        sessions: SessionFactory,
        database_url: SecretStr,
        endpoint_id: uuid.UUID,
        send: Send,
        due: int,
        woken: bool,
    ) -> None:
        first, *_ = [hooks.announced(sessions)[0] for _ in range(due)]

        with hooks.listening(database_url) as heard:
            send(first)

        assert heard == ([""] if woken else [])


class TestLostWorker:
    def test_is_made_good_by_sending_again(
        self, sessions: SessionFactory, receiver: Receiver, delivery_id: uuid.UUID, send: Send
    ) -> None:
        hooks.lease(sessions, delivery_id, ttl=EXPIRED)
        with sessions.begin() as session:
            assert reap_deliveries(session) == 1

        send(delivery_id)

        delivery = hooks.delivery(sessions, delivery_id)
        assert (delivery.state, delivery.attempt, delivery.tries) == (DeliveryState.DELIVERED, 2, 0)

    def test_that_comes_back_late_writes_nothing(
        self,
        sessions: SessionFactory,
        process: Process,
        client: OutboundClient,
        receiver: Receiver,
        delivery_id: uuid.UUID,
    ) -> None:
        def lose_the_lease(request: behaviours.Received) -> None:
            hooks.wait(sessions, DAY)
            with sessions.begin() as session:
                reap_deliveries(session)
            hooks.lease(sessions, delivery_id, ttl=TTL)
            behaviours.status(204)(request)

        receiver.behaviour = lose_the_lease

        assert deliver(process, client, delivery_id) == NOTHING_TO_DO
        delivery = hooks.delivery(sessions, delivery_id)
        assert (delivery.state, delivery.attempt) == (DeliveryState.LEASED, 2)
        assert hooks.attempts(sessions, delivery_id) == []

    def test_is_not_presumed_while_its_request_may_last(
        self,
        sessions: SessionFactory,
        process: Process,
        client: OutboundClient,
        receiver: Receiver,
        delivery_id: uuid.UUID,
    ) -> None:
        reaped: list[int] = []

        def take_long(request: behaviours.Received) -> None:
            hooks.wait(sessions, process.settings.delivery.timeout)
            with sessions.begin() as session:
                reaped.append(reap_deliveries(session))
            behaviours.status(204)(request)

        receiver.behaviour = take_long
        deliver(process, client, delivery_id)

        assert (reaped, hooks.delivery(sessions, delivery_id).state) == ([0], DeliveryState.DELIVERED)


class TestDisabled:
    def test_fails_what_waits_and_nothing_else(
        self, sessions: SessionFactory, receiver: Receiver, endpoint_id: uuid.UUID
    ) -> None:
        other = hooks.webhook(sessions, receiver.url("/other"))
        announced = hooks.announced(sessions)
        with sessions.begin() as session:
            endpoint = session.get_one(WebhookEndpoint, endpoint_id)
            endpoint.disabled_at, endpoint.disabled_reason = endpoint.created_at, "owner"

        with sessions.begin() as session:
            count = fail_deliveries(session)

        states = {
            hooks.delivery(sessions, each).endpoint_id: hooks.delivery(sessions, each).state
            for each in announced
        }
        assert (count, states) == (1, {endpoint_id: DeliveryState.FAILED, other: DeliveryState.WAITING})

    def test_fails_it_in_bounded_batches(self, sessions: SessionFactory, endpoint_id: uuid.UUID) -> None:
        hooks.backlog(sessions, endpoint_id, 2_500)
        with sessions.begin() as session:
            endpoint = session.get_one(WebhookEndpoint, endpoint_id)
            endpoint.disabled_at, endpoint.disabled_reason = endpoint.created_at, "owner"

        counts = []
        for _ in range(4):
            with sessions.begin() as session:
                counts.append(fail_deliveries(session))

        assert counts == [1_000, 1_000, 500, 0]
