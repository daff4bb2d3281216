"""Deliveries to a real receiver, verified by the public library of Standard Webhooks."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook

from core.database import SessionFactory
from core.errors import LeaseLost
from core.outbound.addresses import AddressRules
from core.outbound.client import OutboundClient
from models import Delivery, DeliveryState, Event, EventType, WebhookEndpoint
from models.event_content import event_content
from models.repositories.deliveries import DeliveryRepository
from models.repositories.webhook_endpoints import WebhookEndpointRepository
from tests import receiver as behaviours
from tests.builders import EXPIRED, TTL
from tests.integration.workers import hooks
from tests.receiver import Receiver
from workers.delivery.delivering import NOTHING_TO_DO, deliver
from workers.process import Process
from workers.settings import DeliverySettings
from workers.upkeep.fail_deliveries import fail_deliveries
from workers.upkeep.reap_deliveries import reap_deliveries

SOON: Final = DeliverySettings(timeout=timedelta(seconds=0.3))
DAY: Final = timedelta(days=1)


@pytest.fixture
def client(ca_file: Path) -> OutboundClient:
    return OutboundClient(AddressRules(networks=(ip_network("127.0.0.0/8"),)), ca_file=ca_file)


@pytest.fixture
def send(process: Process, client: OutboundClient) -> Callable[[uuid.UUID], str]:
    """A worker's task, with no chance in its pauses."""
    return lambda delivery_id: deliver(process, client, delivery_id, chance=lambda: 0.5)


Send = Callable[[uuid.UUID], str]


@pytest.fixture
def endpoint_id(sessions: SessionFactory, receiver: Receiver) -> uuid.UUID:
    return hooks.webhook(sessions, receiver.url())


@pytest.fixture
def delivery_id(sessions: SessionFactory, endpoint_id: uuid.UUID) -> uuid.UUID:
    (delivery_id,) = hooks.announced(sessions)
    return delivery_id


def pause_of(sessions: SessionFactory, delivery_id: uuid.UUID) -> float:
    """Seconds from the last attempt to the next, at least."""
    made = hooks.attempts(sessions, delivery_id)[-1]
    return (hooks.delivery(sessions, delivery_id).available_at - made.started_at).total_seconds()


class TestRequest:
    def test_is_verified_by_the_public_library(
        self,
        sessions: SessionFactory,
        receiver: Receiver,
        endpoint_id: uuid.UUID,
        delivery_id: uuid.UUID,
        send: Send,
    ) -> None:
        send(delivery_id)

        (request,) = receiver.requests
        (secret,) = hooks.secrets_of(sessions, endpoint_id)
        content = Webhook(secret).verify(request.body, dict(request.headers))
        with sessions.begin() as session:
            event = session.scalars(select(Event)).one()
        assert content == event_content(event)
        assert request.headers["webhook-id"] == str(event.id)
        assert request.headers["content-type"] == "application/json"
        assert hooks.delivery(sessions, delivery_id).state is DeliveryState.DELIVERED

    def test_carries_the_signatures_of_all_secrets_while_they_overlap(
        self,
        sessions: SessionFactory,
        receiver: Receiver,
        endpoint_id: uuid.UUID,
        delivery_id: uuid.UUID,
        send: Send,
    ) -> None:
        (old,) = hooks.secrets_of(sessions, endpoint_id)
        with sessions.begin() as session:
            endpoint = session.get_one(WebhookEndpoint, endpoint_id)
            new = WebhookEndpointRepository(session).rotate(endpoint, overlap=DAY).secret

        send(delivery_id)

        (request,) = receiver.requests
        for secret in (old, new):
            Webhook(secret).verify(request.body, dict(request.headers))
        assert len(request.headers["webhook-signature"].split()) == 2

    def test_is_the_same_in_every_attempt_but_for_time_and_signature(
        self, sessions: SessionFactory, receiver: Receiver, delivery_id: uuid.UUID, send: Send
    ) -> None:
        receiver.behaviour = behaviours.status(500)
        send(delivery_id)
        hooks.wait(sessions, DAY)
        send(delivery_id)

        first, second = receiver.requests
        assert first.body == second.body
        assert first.headers["webhook-id"] == second.headers["webhook-id"]

    def test_is_small_and_says_nothing_of_the_call(
        self, receiver: Receiver, delivery_id: uuid.UUID, send: Send
    ) -> None:
        send(delivery_id)

        (request,) = receiver.requests
        assert len(request.body) < 1_000
        assert set(json.loads(request.body)) == {"type", "timestamp", "data"}

    def test_links_to_the_api_as_receivers_reach_it(
        self, process: Process, client: OutboundClient, receiver: Receiver, delivery_id: uuid.UUID
    ) -> None:
        reached = DeliverySettings(api_url="https://callscribe.example")

        deliver(with_delivery(process, reached), client, delivery_id)

        links = json.loads(receiver.requests[0].body)["data"]["links"]
        assert all(link.startswith("https://callscribe.example/v1/") for link in links.values())

    def test_goes_to_where_the_webhook_is_now(
        self,
        sessions: SessionFactory,
        receiver: Receiver,
        endpoint_id: uuid.UUID,
        delivery_id: uuid.UUID,
        send: Send,
    ) -> None:
        with sessions.begin() as session:
            session.get_one(WebhookEndpoint, endpoint_id).move_to(receiver.url("/moved"))

        send(delivery_id)

        assert [request.path for request in receiver.requests] == ["/moved"]
        assert hooks.delivery(sessions, delivery_id).url == receiver.url("/moved")

    def test_of_a_job_goes_to_the_address_that_it_named(
        self, sessions: SessionFactory, receiver: Receiver, send: Send
    ) -> None:
        endpoint_id = hooks.webhook(sessions, receiver.url(""), for_jobs=True)
        hooks.backlog(sessions, endpoint_id, 1)
        with sessions.begin() as session:
            delivery = session.scalars(select(Delivery)).one()
            delivery.url = receiver.url("/jobs/7")

        send(delivery.id)

        assert [request.path for request in receiver.requests] == ["/jobs/7"]


def with_delivery(process: Process, settings: DeliverySettings) -> Process:
    return replace(process, settings=process.settings.model_copy(update={"delivery": settings}))


class TestAnswers:
    @pytest.mark.parametrize("code", [200, 201, 202, 299])
    def test_of_2xx_are_a_success(
        self, sessions: SessionFactory, receiver: Receiver, delivery_id: uuid.UUID, send: Send, code: int
    ) -> None:
        receiver.behaviour = behaviours.status(code, b"thanks")

        shown = send(delivery_id)

        (attempt,) = hooks.attempts(sessions, delivery_id)
        assert hooks.delivery(sessions, delivery_id).state is DeliveryState.DELIVERED
        assert (attempt.status, attempt.error, attempt.address) == (code, None, "127.0.0.1")
        assert (attempt.number, attempt.body) == (1, "thanks")
        assert shown.startswith(f"{code} in ")

    @pytest.mark.parametrize("code", [301, 302, 307, 308, 400, 401, 404, 418, 500, 501])
    def test_of_other_kinds_are_tried_again_and_never_followed(
        self, sessions: SessionFactory, receiver: Receiver, delivery_id: uuid.UUID, send: Send, code: int
    ) -> None:
        receiver.behaviour = behaviours.status(
            code, b"no", Location=receiver.url("/elsewhere"), Retry_After="900"
        )

        send(delivery_id)

        delivery = hooks.delivery(sessions, delivery_id)
        (attempt,) = hooks.attempts(sessions, delivery_id)
        assert (delivery.state, delivery.tries, len(receiver.requests)) == (DeliveryState.WAITING, 1, 1)
        assert (attempt.status, attempt.error, attempt.body) == (code, "http_status", "no")
        assert 5 <= pause_of(sessions, delivery_id) < 60

    @pytest.mark.parametrize(
        ("behaviour", "code", "status"),
        [
            (behaviours.hang, "remote_timeout", None),
            (behaviours.drip, "remote_timeout", 200),
            (behaviours.reset, "remote_disconnected", None),
            (behaviours.shorter_than_promised, "remote_disconnected", 200),
            (behaviours.raw(b"hello\r\n\r\n"), "remote_malformed", None),
            (behaviours.endless, "response_too_large", 200),
        ],
        ids=["hangs", "drips", "resets", "lies about its length", "speaks no HTTP", "never ends"],
    )
    def test_that_are_none_are_noted_by_a_stable_code(
        self,
        sessions: SessionFactory,
        process: Process,
        client: OutboundClient,
        receiver: Receiver,
        delivery_id: uuid.UUID,
        behaviour: behaviours.Behaviour,
        code: str,
        status: int | None,
    ) -> None:
        receiver.behaviour = behaviour

        deliver(with_delivery(process, SOON), client, delivery_id)

        (attempt,) = hooks.attempts(sessions, delivery_id)
        assert (attempt.error, attempt.status, attempt.address) == (code, status, "127.0.0.1")
        assert hooks.delivery(sessions, delivery_id).state is DeliveryState.WAITING

    def test_are_kept_as_far_as_text_goes(
        self, sessions: SessionFactory, receiver: Receiver, delivery_id: uuid.UUID, send: Send
    ) -> None:
        receiver.behaviour = behaviours.status(200, b"\x00\xff" + b"x" * 2_000)

        send(delivery_id)

        (attempt,) = hooks.attempts(sessions, delivery_id)
        assert attempt.body == "\ufffd\ufffd" + "x" * 998

    def test_of_nobody_are_noted(self, sessions: SessionFactory, send: Send) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        hooks.webhook(sessions, f"https://127.0.0.1:{port}/")
        (delivery_id,) = hooks.announced(sessions)

        send(delivery_id)

        assert hooks.attempts(sessions, delivery_id)[0].error == "remote_refused"

    @pytest.mark.parametrize(
        ("url", "code"),
        [
            ("https://localhost/", "address_forbidden"),
            ("https://10.0.0.1/", "address_forbidden"),
            ("http://hooks.example/", "address_forbidden"),
            ("https://user@hooks.example/", "invalid_request"),
        ],
    )
    def test_are_not_even_asked_for_at_forbidden_addresses(
        self, sessions: SessionFactory, process: Process, url: str, code: str
    ) -> None:
        """The rules may have changed since the webhook was accepted, and so may the name's address."""
        hooks.webhook(sessions, url)
        (delivery_id,) = hooks.announced(sessions)

        deliver(process, OutboundClient(AddressRules()), delivery_id)

        assert hooks.attempts(sessions, delivery_id)[0].error == code


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
