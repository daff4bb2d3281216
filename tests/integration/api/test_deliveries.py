"""What became of deliveries, and sending them again."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import select
from starlette.testclient import TestClient

from api.webhooks import deliveries as service
from core.database import SessionFactory
from models import Delivery, DeliveryAttempt, DeliveryState
from tests.integration.api.conftest import submit
from tests.integration.workers.delivery.hooks import listening

URL = "https://hooks.example/callscribe"
LONG_AGO = "2020-01-01T00:00:00Z"


@pytest.fixture
def here(client: TestClient) -> str:
    """Of a webhook that hears of everything."""
    created = client.post("/v1/webhooks", json={"url": URL}).json()
    return str(created["links"]["self"])


def canceled_job(client: TestClient) -> uuid.UUID:
    """A job that ended, and so was announced."""
    job_id = submit(client)
    client.post(f"/v1/jobs/{job_id}/cancel")
    return job_id


def end(sessions: SessionFactory, state: DeliveryState) -> None:
    """All that wait, as if they had been tried."""
    with sessions.begin() as session:
        for delivery in session.scalars(select(Delivery).where(Delivery.state == DeliveryState.WAITING)):
            delivery.lease(until=delivery.created_at)
            if state is DeliveryState.DELIVERED:
                delivery.succeed(at=delivery.created_at)
            else:
                delivery.give_up(at=delivery.created_at)


def move(sessions: SessionFactory, delivery_id: str, back: timedelta) -> None:
    with sessions.begin() as session:
        session.get_one(Delivery, uuid.UUID(delivery_id)).created_at -= back


class TestReading:
    def test_shows_what_waits(self, client: TestClient, here: str) -> None:
        job_id = canceled_job(client)

        (delivery,) = client.get(f"{here}/deliveries").json()["data"]

        assert (delivery["state"], delivery["tries"], delivery["replay"]) == ("waiting", 0, False)
        assert (delivery["event_type"], delivery["job_id"], delivery["url"]) == (
            "job.canceled",
            str(job_id),
            URL,
        )
        assert delivery["next_attempt_at"] is not None

    def test_leads_through_all_of_them_newest_first(self, client: TestClient, here: str) -> None:
        jobs = [str(canceled_job(client)) for _ in range(3)]

        first = client.get(f"{here}/deliveries?limit=2").json()
        rest = client.get(f"{here}/deliveries", params={"cursor": first["next_cursor"]}).json()

        assert [each["job_id"] for each in first["data"] + rest["data"]] == jobs[::-1]
        assert (first["has_more"], rest["has_more"]) == (True, False)

    def test_can_be_limited_to_some_states(
        self, client: TestClient, here: str, sessions: SessionFactory
    ) -> None:
        canceled_job(client)
        end(sessions, DeliveryState.FAILED)
        canceled_job(client)

        failed = client.get(f"{here}/deliveries?state=failed").json()["data"]
        both = client.get(f"{here}/deliveries?state=failed&state=waiting").json()["data"]

        assert ([each["state"] for each in failed], len(both)) == (["failed"], 2)

    def test_shows_each_request_that_was_made(
        self, client: TestClient, here: str, sessions: SessionFactory
    ) -> None:
        canceled_job(client)
        (delivery,) = client.get(f"{here}/deliveries").json()["data"]
        with sessions.begin() as session:
            row = session.scalars(select(Delivery)).one()
            session.add(
                DeliveryAttempt(
                    delivery_id=row.id,
                    number=1,
                    started_at=row.created_at,
                    latency_ms=31,
                    status=500,
                    error="http_status",
                    address="192.0.2.7",
                    body="no",
                )
            )

        (attempt,) = client.get(delivery["links"]["self"]).json()["attempts"]

        assert attempt.pop("started_at")
        assert attempt == {
            "latency_ms": 31,
            "status": 500,
            "error": "http_status",
            "address": "192.0.2.7",
            "body": "no",
        }

    def test_of_another_webhook_is_absent(self, client: TestClient, here: str) -> None:
        canceled_job(client)
        (delivery,) = client.get(f"{here}/deliveries").json()["data"]
        other = client.post("/v1/webhooks", json={"url": URL}).json()["links"]["self"]

        assert client.get(f"{other}/deliveries/{delivery['id']}").status_code == 404
        assert client.post(f"{other}/deliveries/{delivery['id']}/replay").status_code == 404


class TestTesting:
    def test_reaches_this_webhook_only(self, client: TestClient, here: str) -> None:
        other = client.post("/v1/webhooks", json={"url": URL}).json()["links"]["self"]

        answer = client.post(f"{here}/test")

        assert (answer.status_code, answer.json()["event_type"]) == (202, "webhook.test")
        assert [each["id"] for each in client.get(f"{here}/deliveries").json()["data"]] == [
            answer.json()["id"]
        ]
        assert client.get(f"{other}/deliveries").json()["data"] == []

    def test_reaches_it_whatever_it_wants_to_hear_of(self, client: TestClient) -> None:
        created = client.post("/v1/webhooks", json={"url": URL, "event_types": ["job.failed"]}).json()

        assert client.post(f"{created['links']['self']}/test").status_code == 202

    def test_of_one_that_is_disabled_is_refused(self, client: TestClient, here: str) -> None:
        client.patch(here, json={"enabled": False})

        assert client.post(f"{here}/test").json()["code"] == "conflict"


class TestReplayOfOne:
    @pytest.mark.parametrize("state", [DeliveryState.DELIVERED, DeliveryState.FAILED])
    def test_sends_the_same_event_again(
        self, client: TestClient, here: str, sessions: SessionFactory, state: DeliveryState
    ) -> None:
        canceled_job(client)
        end(sessions, state)
        (delivery,) = client.get(f"{here}/deliveries").json()["data"]

        answer = client.post(delivery["links"]["replay"])

        again = answer.json()
        assert (answer.status_code, again["state"], again["replay"]) == (202, "waiting", True)
        assert (again["event_id"], again["job_id"]) == (delivery["event_id"], delivery["job_id"])
        assert client.get(delivery["links"]["self"]).json()["state"] == state

    def test_waits_for_its_end(self, client: TestClient, here: str) -> None:
        canceled_job(client)
        (delivery,) = client.get(f"{here}/deliveries").json()["data"]

        assert client.post(delivery["links"]["replay"]).json()["code"] == "conflict"


class TestReplayOfARange:
    def replay(self, client: TestClient, here: str, **fields: object) -> tuple[int, bool]:
        answer = client.post(f"{here}/replay", json={"since": LONG_AGO, **fields})
        assert answer.status_code == 202, answer.text
        return answer.json()["replayed"], answer.json()["has_more"]

    def test_takes_what_failed(self, client: TestClient, here: str, sessions: SessionFactory) -> None:
        for state in (DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.FAILED):
            canceled_job(client)
            end(sessions, state)
        canceled_job(client)

        assert self.replay(client, here) == (2, False)

        waiting = client.get(f"{here}/deliveries?state=waiting").json()["data"]
        assert [each["replay"] for each in waiting] == [True, True, False]

    def test_takes_what_was_delivered_if_asked(
        self, client: TestClient, here: str, sessions: SessionFactory
    ) -> None:
        canceled_job(client)
        end(sessions, DeliveryState.DELIVERED)

        assert self.replay(client, here, states=["delivered", "failed"]) == (1, False)

    def test_takes_it_once(self, client: TestClient, here: str, sessions: SessionFactory) -> None:
        canceled_job(client)
        end(sessions, DeliveryState.FAILED)

        assert self.replay(client, here) == (1, False)
        assert self.replay(client, here) == (0, False)
        end(sessions, DeliveryState.FAILED)
        assert self.replay(client, here) == (1, False)
        end(sessions, DeliveryState.DELIVERED)
        assert self.replay(client, here) == (0, False)

    def test_keeps_to_its_span(self, client: TestClient, here: str, sessions: SessionFactory) -> None:
        for _ in range(3):
            canceled_job(client)
        end(sessions, DeliveryState.FAILED)
        newest, middle, oldest = client.get(f"{here}/deliveries").json()["data"]
        move(sessions, middle["id"], timedelta(hours=2))
        move(sessions, oldest["id"], timedelta(hours=4))
        shown = {each["id"]: each for each in client.get(f"{here}/deliveries").json()["data"]}

        since, until = shown[middle["id"]]["created_at"], shown[newest["id"]]["created_at"]
        assert self.replay(client, here, since=since, until=until) == (1, False)

        (waiting,) = client.get(f"{here}/deliveries?state=waiting").json()["data"]
        assert waiting["event_id"] == middle["event_id"]

    def test_is_bounded(
        self, client: TestClient, here: str, sessions: SessionFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(service, "REPLAY_LIMIT", 2)
        for _ in range(3):
            canceled_job(client)
        end(sessions, DeliveryState.FAILED)

        assert [self.replay(client, here) for _ in range(2)] == [(2, True), (1, False)]

    def test_leaves_other_webhooks_alone(
        self, client: TestClient, here: str, sessions: SessionFactory
    ) -> None:
        other = client.post("/v1/webhooks", json={"url": URL}).json()["links"]["self"]
        canceled_job(client)
        end(sessions, DeliveryState.FAILED)

        assert self.replay(client, here) == (1, False)

        assert client.get(f"{other}/deliveries?state=waiting").json()["data"] == []

    def test_of_one_that_is_disabled_is_refused(self, client: TestClient, here: str) -> None:
        client.patch(here, json={"enabled": False})

        assert client.post(f"{here}/replay", json={"since": LONG_AGO}).json()["code"] == "conflict"

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"since": "2026-01-01T00:00:00"},
            {"since": LONG_AGO, "states": ["waiting"]},
            {"since": LONG_AGO, "states": []},
        ],
        ids=str,
    )
    def test_that_cannot_be_is_refused(self, client: TestClient, here: str, body: dict[str, object]) -> None:
        assert client.post(f"{here}/replay", json=body).status_code == 422

    @pytest.mark.parametrize("failed", [0, 1])
    def test_wakes_the_dispatcher_if_it_queued_something(
        self,
        client: TestClient,
        here: str,
        sessions: SessionFactory,
        database_url: SecretStr,
        failed: int,
    ) -> None:
        for _ in range(failed):
            canceled_job(client)
        end(sessions, DeliveryState.FAILED)

        with listening(database_url) as heard:
            self.replay(client, here)

        assert heard == [""] * failed
