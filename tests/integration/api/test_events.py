"""GET /v1/events"""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from api import paging
from core.database import SessionFactory
from models import Event, EventType
from models.repositories.events import EventRepository
from tests import builders
from tests.integration.api import stages
from tests.integration.api.conftest import OWNER, issue_key, submit


class TestFeed:
    def test_tells_how_jobs_ended_in_order(self, client: TestClient, sessions: SessionFactory) -> None:
        failed, canceled = submit(client), submit(client)
        stages.fail(sessions, failed)
        client.post(f"/v1/jobs/{canceled}/cancel")

        page = client.get("/v1/events").json()

        assert [(each["type"], each["data"]["job_id"]) for each in page["data"]] == [
            ("job.failed", str(failed)),
            ("job.canceled", str(canceled)),
        ]
        assert page["data"][0]["data"] == {
            "job_id": str(failed),
            "status": "failed",
            "error_code": "audio_undecodable",
            "links": {"job": f"/v1/jobs/{failed}", "transcript": f"/v1/jobs/{failed}/transcript"},
        }

    def test_goes_on_where_it_ended(self, client: TestClient) -> None:
        for _ in range(3):
            client.post(f"/v1/jobs/{submit(client)}/cancel")

        first = client.get("/v1/events?limit=2").json()
        second = client.get("/v1/events", params={"after": first["next_cursor"]}).json()
        third = client.get("/v1/events", params={"after": second["next_cursor"]}).json()

        assert [len(page["data"]) for page in (first, second, third)] == [2, 1, 0]
        assert [page["has_more"] for page in (first, second, third)] == [True, False, False]
        assert third["next_cursor"] == second["next_cursor"]

    def test_is_empty_at_first(self, client: TestClient) -> None:
        assert client.get("/v1/events").json() == {"data": [], "has_more": False, "next_cursor": None}

    def test_has_events_about_webhooks(self, client: TestClient) -> None:
        webhook = client.post("/v1/webhooks", json={"url": "https://hooks.example/"}).json()
        client.post(f"{webhook['links']['self']}/test")

        (event,) = client.get("/v1/events").json()["data"]

        assert (event["type"], event["data"]["webhook_id"]) == ("webhook.test", webhook["id"])
        assert event["data"]["links"] == {"webhook": webhook["links"]["self"]}

    def test_shows_others_nothing(self, client: TestClient, sessions: SessionFactory) -> None:
        client.post(f"/v1/jobs/{submit(client)}/cancel")
        stranger = {"Authorization": f"Bearer {issue_key(sessions, 'somebody else')}"}

        assert client.get("/v1/events", headers=stranger).json()["data"] == []

    def test_asks_to_come_again_while_an_earlier_event_may_still_appear(
        self, client: TestClient, sessions: SessionFactory
    ) -> None:
        with sessions.begin() as slow:
            event = Event(owner_id=builders.owner(slow, OWNER).id, type=EventType.WEBHOOK_TEST, payload={})
            EventRepository(slow).announce(event)
            answer = client.get("/v1/events")

        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert "Retry-After" in answer.headers

    @pytest.mark.parametrize(
        "query",
        ["limit=0", "limit=1001", "after=x", f"after={paging.cursor_at(2**63)}", "after=LTE", "since=1"],
    )
    def test_a_query_that_cannot_be_is_refused(self, client: TestClient, query: str) -> None:
        answer = client.get(f"/v1/events?{query}")

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
