"""Requests to a real receiver, verified by the public library of Standard Webhooks, and its answers."""

from __future__ import annotations

import json
import socket
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest
from sqlalchemy import select, text
from standardwebhooks.webhooks import Webhook

from core.database import SessionFactory
from core.outbound.addresses import AddressRules
from core.outbound.client import OutboundClient
from models import Delivery, DeliveryState, Event, WebhookEndpoint
from models.event_content import event_content
from models.repositories.webhook_endpoints import WebhookEndpointRepository
from tests import receiver as behaviours
from tests.integration.workers.delivery import hooks
from tests.integration.workers.delivery.conftest import Send
from tests.integration.workers.delivery.hooks import pause_of
from tests.receiver import Receiver
from workers.delivery.delivering import deliver
from workers.process import Process
from workers.settings import DeliverySettings

SOON: Final = DeliverySettings(timeout=timedelta(seconds=1))
DAY: Final = timedelta(days=1)


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

    def test_is_not_signed_with_a_secret_whose_overlap_is_over(
        self,
        sessions: SessionFactory,
        receiver: Receiver,
        endpoint_id: uuid.UUID,
        delivery_id: uuid.UUID,
        send: Send,
    ) -> None:
        with sessions.begin() as session:
            endpoint = session.get_one(WebhookEndpoint, endpoint_id)
            new = WebhookEndpointRepository(session).rotate(endpoint, overlap=DAY).secret
            session.execute(text("UPDATE webhook_secrets SET expires_at = expires_at - interval '1 day'"))

        send(delivery_id)

        (request,) = receiver.requests
        Webhook(new).verify(request.body, dict(request.headers))
        assert len(request.headers["webhook-signature"].split()) == 1

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
        assert shown.startswith(f"1 sent, at last {code} in ")

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
        ("behaviour", "status"),
        [(behaviours.hang, None), (behaviours.drip, 200)],
        ids=["hangs", "drips"],
    )
    def test_that_do_not_come_in_time_are_noted(
        self,
        sessions: SessionFactory,
        process: Process,
        client: OutboundClient,
        receiver: Receiver,
        delivery_id: uuid.UUID,
        behaviour: behaviours.Behaviour,
        status: int | None,
    ) -> None:
        receiver.behaviour = behaviour

        deliver(with_delivery(process, SOON), client, delivery_id)

        (attempt,) = hooks.attempts(sessions, delivery_id)
        assert (attempt.error, attempt.status, attempt.address) == ("remote_timeout", status, "127.0.0.1")
        assert hooks.delivery(sessions, delivery_id).state is DeliveryState.WAITING

    @pytest.mark.parametrize(
        ("behaviour", "code", "status"),
        [
            (behaviours.reset, "remote_disconnected", None),
            (behaviours.shorter_than_promised, "remote_disconnected", 200),
            (behaviours.raw(b"hello\r\n\r\n"), "remote_malformed", None),
            (behaviours.raw(b"HTTP/1.1 101 X\r\nUpgrade: x\r\n\r\n"), "remote_malformed", None),
            (behaviours.endless, "response_too_large", 200),
        ],
        ids=["resets", "lies about its length", "speaks no HTTP", "speaks another", "never ends"],
    )
    def test_that_are_none_are_noted_by_a_stable_code(
        self,
        sessions: SessionFactory,
        receiver: Receiver,
        delivery_id: uuid.UUID,
        send: Send,
        behaviour: behaviours.Behaviour,
        code: str,
        status: int | None,
    ) -> None:
        receiver.behaviour = behaviour

        send(delivery_id)

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
