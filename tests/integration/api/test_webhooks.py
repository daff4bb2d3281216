"""Making, changing and deleting webhooks, and the secrets they are signed with."""

from __future__ import annotations

import base64
import uuid
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text
from starlette.testclient import TestClient

from core.database import SessionFactory
from core.settings import OutboundSettings
from models import EventType, Job, WebhookEndpoint
from tests.integration.api.conftest import ClientFactory, issue_key, submit

URL = "https://hooks.example/callscribe"


@pytest.fixture
def foreign_headers(sessions: SessionFactory) -> dict[str, str]:
    return {"Authorization": f"Bearer {issue_key(sessions, 'somebody else')}"}


def create(client: TestClient, **fields: object) -> dict[str, object]:
    answer = client.post("/v1/webhooks", json={"url": URL, **fields})
    assert answer.status_code == 201, answer.text
    webhook: dict[str, object] = answer.json()
    return webhook


def key_of(secret: object) -> bytes:
    prefix, encoded = str(secret).split("_")
    assert prefix == "whsec"
    return base64.b64decode(encoded, validate=True)


class TestCreating:
    def test_shows_the_webhook_and_its_secret(self, client: TestClient) -> None:
        webhook = create(client, description="QA", event_types=["job.failed"], concurrency=2)

        assert 24 <= len(key_of(webhook.pop("secret"))) <= 64
        assert webhook == client.get(f"/v1/webhooks/{webhook['id']}").json()
        assert (webhook["url"], webhook["event_types"], webhook["concurrency"]) == (URL, ["job.failed"], 2)
        assert (webhook["enabled"], webhook["for_jobs"], webhook["failures"]) == (True, False, 0)

    def test_gives_each_a_secret_of_its_own(self, client: TestClient) -> None:
        assert create(client)["secret"] != create(client)["secret"]

    @pytest.mark.parametrize(
        "url",
        [
            "http://hooks.example/",
            "https://hooks.example:6379/",
            "https://127.0.0.1/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://169.254.169.254/latest/meta-data",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[64:ff9b::a00:1]/",
        ],
    )
    def test_refuses_addresses_that_are_nobodys_business(self, client: TestClient, url: str) -> None:
        answer = client.post("/v1/webhooks", json={"url": url})

        assert (answer.status_code, answer.json()["code"]) == (422, "address_forbidden")

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"url": "hooks.example"},
            {"url": "https://user:password@hooks.example/"},
            {"url": URL, "event_types": ["job.started"]},
            {"url": URL, "concurrency": 0},
            {"url": URL, "concurrency": 17},
            {"url": URL, "description": "a\x00b"},
            {"url": URL, "secret": "whsec_mine"},
        ],
        ids=str,
    )
    def test_refuses_what_cannot_be(self, client: TestClient, body: dict[str, object]) -> None:
        answer = client.post("/v1/webhooks", json=body)

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")

    def test_takes_addresses_inside_that_the_operator_allows(self, client_with: ClientFactory) -> None:
        client = client_with(outbound=OutboundSettings(allowed_hosts=("qa.corp",)))

        assert create(client, url="http://qa.corp:8080/hook")["enabled"] is True

    def test_has_a_limit(self, client: TestClient, sessions: SessionFactory, owner_id: uuid.UUID) -> None:
        with sessions.begin() as session:
            session.add_all(WebhookEndpoint(owner_id=owner_id, url=URL) for _ in range(100))

        answer = client.post("/v1/webhooks", json={"url": URL})

        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


class TestListing:
    def test_leads_through_all_of_them_newest_first(self, client: TestClient) -> None:
        made = [create(client)["id"] for _ in range(3)]

        first = client.get("/v1/webhooks?limit=2").json()
        second = client.get("/v1/webhooks", params={"limit": 2, "cursor": first["next_cursor"]}).json()

        assert [each["id"] for each in first["data"] + second["data"]] == made[::-1]
        assert (first["has_more"], second["has_more"], second["next_cursor"]) == (True, False, None)

    def test_never_shows_a_secret(self, client: TestClient) -> None:
        secret = str(create(client)["secret"])

        assert secret not in client.get("/v1/webhooks").text


class TestChanging:
    def test_leaves_what_is_not_given(self, client: TestClient) -> None:
        webhook = create(client, description="QA", event_types=["job.failed"])
        del webhook["secret"]

        changed = client.patch(webhook["links"]["self"], json={"concurrency": 9}).json()  # type: ignore[index]

        assert changed == webhook | {"concurrency": 9}

    @pytest.mark.parametrize(
        "change",
        [{"url": "https://other.example/"}, {"description": "new"}, {"event_types": ["job.completed"]}],
    )
    def test_takes_what_is_given(self, client: TestClient, change: dict[str, object]) -> None:
        here = f"/v1/webhooks/{create(client)['id']}"

        client.patch(here, json=change)

        assert client.get(here).json().items() >= change.items()

    def test_refuses_addresses_that_are_nobodys_business(self, client: TestClient) -> None:
        here = f"/v1/webhooks/{create(client)['id']}"

        answer = client.patch(here, json={"url": "https://10.0.0.1/", "concurrency": 9})

        assert answer.json()["code"] == "address_forbidden"
        assert client.get(here).json()["concurrency"] == 4

    def test_disables_and_enables(self, client: TestClient) -> None:
        here = f"/v1/webhooks/{create(client)['id']}"

        disabled = client.patch(here, json={"enabled": False}).json()
        enabled = client.patch(here, json={"enabled": True}).json()

        assert (disabled["enabled"], disabled["disabled_reason"]) == (False, "owner")
        assert (enabled["enabled"], enabled["disabled_reason"], enabled["disabled_at"]) == (True, None, None)

    @pytest.mark.parametrize("change", [{"enabled": True}, {"url": "https://other.example/"}])
    def test_forgives_what_failed_before(
        self, client: TestClient, sessions: SessionFactory, change: dict[str, object]
    ) -> None:
        here = f"/v1/webhooks/{create(client)['id']}"
        with sessions.begin() as session:
            endpoint = session.scalars(select(WebhookEndpoint)).one()
            endpoint.failures = 7
            endpoint.failing_since = endpoint.failed_at = endpoint.paused_until = endpoint.created_at

        client.patch(here, json=change)

        webhook = client.get(here).json()
        assert (webhook["failures"], webhook["failing_since"], webhook["paused_until"]) == (0, None, None)

    def test_of_what_jobs_have_made_is_limited(self, client: TestClient) -> None:
        submit(client, webhook_url=URL)
        (webhook,) = client.get("/v1/webhooks").json()["data"]
        here = webhook["links"]["self"]

        assert client.patch(here, json={"url": "https://other.example/"}).status_code == 409
        assert client.patch(here, json={"event_types": []}).status_code == 409
        assert client.patch(here, json={"concurrency": 1}).status_code == 200


class TestDeleting:
    def test_leaves_nothing_of_it_but_its_jobs(self, client: TestClient, sessions: SessionFactory) -> None:
        job_id = submit(client, webhook_url=URL)
        (webhook,) = client.get("/v1/webhooks").json()["data"]
        client.post(f"/v1/jobs/{job_id}/cancel")

        answer = client.delete(webhook["links"]["self"])

        assert (answer.status_code, client.get(webhook["links"]["self"]).status_code) == (204, 404)
        with sessions.begin() as session:
            assert session.get_one(Job, job_id).webhook_endpoint_id is None
            for table in ("webhook_endpoints", "webhook_secrets", "deliveries"):
                assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0


class TestSecrets:
    def test_can_be_read_again(self, client: TestClient) -> None:
        webhook = create(client)

        shown = client.get(f"/v1/webhooks/{webhook['id']}/secret").json()

        assert (shown["secret"], shown["old_ones_sign_until"]) == (webhook["secret"], None)

    def test_are_rotated_with_an_overlap(self, client: TestClient) -> None:
        webhook = create(client)

        rotated = client.post(f"/v1/webhooks/{webhook['id']}/rotate-secret").json()

        assert rotated["secret"] != webhook["secret"]
        assert rotated == client.get(f"/v1/webhooks/{webhook['id']}/secret").json()
        overlap = datetime.fromisoformat(rotated["old_ones_sign_until"]) - datetime.fromisoformat(
            rotated["created_at"]
        )
        assert abs(overlap - timedelta(hours=24)) < timedelta(minutes=1)

    def test_that_leaked_are_gone_at_once(self, client: TestClient, sessions: SessionFactory) -> None:
        webhook = create(client)

        rotated = client.post(f"/v1/webhooks/{webhook['id']}/rotate-secret?overlap=0").json()

        assert rotated["old_ones_sign_until"] is None
        with sessions.begin() as session:
            kept = session.execute(text("SELECT secret FROM webhook_secrets")).scalars().all()
        assert kept == [rotated["secret"]]

    def test_that_are_being_replaced_get_no_more_time(
        self, client: TestClient, sessions: SessionFactory
    ) -> None:
        here = f"/v1/webhooks/{create(client)['id']}/rotate-secret"

        for overlap in (3600, 60, 3600):
            client.post(f"{here}?overlap={overlap}")

        with sessions.begin() as session:
            left = session.execute(
                text("SELECT extract(epoch FROM expires_at - now())::int FROM webhook_secrets ORDER BY 1")
            )
            minutes = [None if each is None else round(each / 60) for each in left.scalars()]
        assert minutes == [1, 1, 60, None]

    def test_cannot_pile_up(self, client: TestClient) -> None:
        here = f"/v1/webhooks/{create(client)['id']}/rotate-secret"

        answers = [client.post(here).status_code for _ in range(5)]

        assert answers == [200] * 4 + [409]
        assert client.post(f"{here}?overlap=0").status_code == 200


class TestOtherOwners:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", ""),
            ("PATCH", ""),
            ("DELETE", ""),
            ("GET", "/secret"),
            ("POST", "/rotate-secret"),
            ("POST", "/test"),
            ("GET", "/deliveries"),
            ("GET", "/deliveries/{delivery}"),
            ("POST", "/deliveries/{delivery}/replay"),
            ("POST", "/replay"),
        ],
    )
    def test_do_not_learn_that_a_webhook_is_there(
        self, client: TestClient, foreign_headers: dict[str, str], method: str, path: str
    ) -> None:
        webhook = create(client)
        delivery = client.post(f"/v1/webhooks/{webhook['id']}/test").json()["id"]
        body = {"since": "2026-01-01T00:00:00Z"} if path == "/replay" else {}

        answers = [
            client.request(
                method,
                f"/v1/webhooks/{each}{path.format(delivery=delivery)}",
                headers=foreign_headers,
                json=body,
            )
            for each in (webhook["id"], uuid.uuid4())
        ]

        assert [answer.status_code for answer in answers] == [404, 404]
        assert [answer.json()["code"] for answer in answers] == ["not_found", "not_found"]
        assert client.get(f"/v1/webhooks/{webhook['id']}/secret").json()["secret"] == webhook["secret"]

    def test_see_none_of_them(self, client: TestClient, foreign_headers: dict[str, str]) -> None:
        create(client)

        assert client.get("/v1/webhooks", headers=foreign_headers).json()["data"] == []

    def test_have_webhooks_of_their_own_for_the_same_server(
        self, client: TestClient, foreign_headers: dict[str, str], sessions: SessionFactory
    ) -> None:
        submit(client, webhook_url=URL)

        client.post(
            "/v1/jobs",
            files={"file": ("call.wav", b"RIFF")},
            data={"webhook_url": URL},
            headers=foreign_headers,
        )

        with sessions.begin() as session:
            owners = session.scalars(select(WebhookEndpoint.owner_id)).all()
        assert len(set(owners)) == 2


class TestEventTypes:
    def test_can_all_be_asked_for(self, client: TestClient) -> None:
        assert create(client, event_types=list(EventType))["event_types"] == sorted(EventType)
