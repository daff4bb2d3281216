"""`webhook_url`: where one job's own end is told."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from core.database import SessionFactory
from models import Job, WebhookEndpoint
from tests.integration.api.conftest import submit
from tests.integration.api.test_webhooks import URL, key_of


class TestJobsOwnAddress:
    def test_is_shown_with_the_job_and_leads_to_its_secret(self, client: TestClient) -> None:
        job = client.get(f"/v1/jobs/{submit(client, webhook_url=URL)}").json()

        webhook = client.get(job["links"]["webhook"]).json()
        assert job["options"]["webhook_url"] == URL
        assert (webhook["url"], webhook["for_jobs"]) == ("https://hooks.example:443", True)
        assert key_of(client.get(webhook["links"]["secret"]).json()["secret"])

    def test_shares_a_webhook_with_others_of_its_server(self, client: TestClient) -> None:
        for url in (URL, "https://HOOKS.example:443/other?x=1", "https://hooks.example:8443/"):
            submit(client, webhook_url=url)

        webhooks = client.get("/v1/webhooks").json()["data"]

        assert [each["url"] for each in webhooks] == [
            "https://hooks.example:8443",
            "https://hooks.example:443",
        ]

    @pytest.mark.parametrize(
        ("url", "code"),
        [("https://10.0.0.1/", "address_forbidden"), ("http://hooks.example/", "address_forbidden")],
    )
    def test_is_refused_with_the_job_if_it_is_nobodys_business(
        self, client: TestClient, url: str, code: str
    ) -> None:
        answer = client.post("/v1/jobs", files={"file": ("call.wav", b"RIFF")}, data={"webhook_url": url})

        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert client.get("/v1/jobs").json()["data"] == []

    @pytest.mark.parametrize(("reason", "enabled"), [("failing", True), ("owner", False)])
    def test_is_tried_anew_unless_its_owner_disabled_it(
        self, client: TestClient, sessions: SessionFactory, reason: str, enabled: bool
    ) -> None:
        submit(client, webhook_url=URL)
        with sessions.begin() as session:
            endpoint = session.scalars(select(WebhookEndpoint)).one()
            endpoint.disabled_at, endpoint.disabled_reason = endpoint.created_at, reason

        submit(client, webhook_url=URL)

        assert client.get("/v1/webhooks").json()["data"][0]["enabled"] is enabled

    def test_is_forgotten_with_the_job(self, client: TestClient, sessions: SessionFactory) -> None:
        job_id = submit(client, webhook_url=URL)

        client.delete(f"/v1/jobs/{job_id}")

        with sessions.begin() as session:
            assert session.get_one(Job, job_id).webhook_url is None
