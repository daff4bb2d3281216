"""From a recording to its webhook, through every process, verified by the public library."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import pytest
from sqlalchemy import text
from standardwebhooks.webhooks import Webhook

from core.database import SessionFactory
from embedded.system import System
from models.base import JsonValue
from tests import receiver as behaviours
from tests.acceptance.waiting import until
from tests.receiver import Received, Receiver

BACKLOG: Final = 100_000


@pytest.fixture
def api(system: System) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {system.api_key}"}
    with httpx.Client(base_url=system.api_url, headers=headers, trust_env=False, timeout=60) as api:
        yield api


@pytest.fixture
def webhook(api: httpx.Client, receiver: Receiver) -> Iterator[dict[str, str]]:
    """Made for this test, and gone with it."""
    webhook = api.post("/v1/webhooks", json={"url": receiver.url()}).json()
    yield {**webhook["links"], "secret": webhook["secret"]}
    api.delete(webhook["links"]["self"])


@dataclass(frozen=True, slots=True)
class Told:
    type: str
    timestamp: str
    data: dict[str, JsonValue]


def verified(request: Received, secret: str) -> Told:
    return Told(**Webhook(secret).verify(request.body, dict(request.headers)))


class TestWayOfAnEvent:
    def test_leads_from_a_recording_to_the_address_that_its_job_names(
        self, api: httpx.Client, receiver: Receiver, short_call: Path
    ) -> None:
        job = api.post(
            "/v1/jobs",
            files={"file": ("call.wav", short_call.read_bytes())},
            data={"webhook_url": receiver.url("/jobs/7")},
        ).json()

        until(lambda: bool(receiver.requests))

        (request,) = receiver.requests
        secret = api.get(f"{job['links']['webhook']}/secret").json()["secret"]
        told = verified(request, secret)
        assert (request.path, told.type, told.data["job_id"]) == ("/jobs/7", "job.completed", job["id"])
        assert api.get(f"/v1/jobs/{told.data['job_id']}/transcript").status_code == 200

    def test_goes_on_with_another_worker_when_one_is_killed(
        self, api: httpx.Client, system: System, receiver: Receiver, webhook: dict[str, str]
    ) -> None:
        arrived, over = threading.Event(), threading.Event()

        def keep(request: Received) -> None:
            arrived.set()
            over.wait()

        receiver.behaviour = keep
        delivery = api.post(f"{webhook['self']}/test").json()
        arrived.wait()

        os.kill(system.process("worker-deliver").pid, signal.SIGKILL)
        receiver.behaviour = behaviours.status(204)
        until(lambda: api.get(delivery["links"]["self"]).json()["state"] == "delivered")

        over.set()
        first, second = receiver.requests
        assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
        assert verified(second, webhook["secret"]).type == "webhook.test"

    def test_is_not_blocked_by_another_receiver_that_is_dead(
        self, api: httpx.Client, receiver: Receiver, webhook: dict[str, str], sessions: SessionFactory
    ) -> None:
        with Receiver() as dead:
            dead.behaviour = behaviours.hang
            made = api.post("/v1/webhooks", json={"url": dead.url(), "concurrency": 16}).json()
            back_up(sessions, made["id"])
            until(lambda: bool(dead.requests))

            delivery = api.post(f"{webhook['self']}/test").json()
            until(lambda: api.get(delivery["links"]["self"]).json()["state"] == "delivered")

            waiting = api.get(f"{made['links']['deliveries']}?state=waiting").json()["data"]
            api.delete(made["links"]["self"])
        assert len(receiver.requests) == 1
        assert waiting


def back_up(sessions: SessionFactory, endpoint_id: str) -> None:
    """So many deliveries wait for it, older than any other."""
    with sessions.begin() as session:
        session.execute(
            text(
                "INSERT INTO events (id, owner_id, endpoint_id, type, payload) "
                "SELECT gen_random_uuid(), owner_id, id, 'webhook.test', '{}' "
                "FROM webhook_endpoints WHERE id = :id"
            ),
            {"id": endpoint_id},
        )
        session.execute(
            text(
                "INSERT INTO deliveries "
                "(id, event_id, endpoint_id, url, replay, state, attempt, tries, hints, available_at) "
                "SELECT gen_random_uuid(), events.id, e.id, e.url, true, 'waiting', 0, 0, 0, "
                "now() - interval '1 hour' FROM webhook_endpoints e "
                "JOIN events ON events.endpoint_id = e.id, generate_series(1, :count) WHERE e.id = :id"
            ),
            {"id": endpoint_id, "count": BACKLOG},
        )
