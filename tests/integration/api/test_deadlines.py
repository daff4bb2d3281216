"""`expires_at`, from the caller's side."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from starlette.testclient import TestClient

from core.database import SessionFactory
from models import Job
from tests.integration.api import stages
from tests.integration.api.conftest import submit


def ahead(**gap: int) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(**gap)


class TestDeadline:
    @pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=5, minutes=30))])
    def test_is_echoed_in_utc(self, client: TestClient, sessions: SessionFactory, zone: timezone) -> None:
        moment = ahead(hours=2)

        job_id = submit(client, expires_at=moment.astimezone(zone).isoformat())

        shown = client.get(f"/v1/jobs/{job_id}").json()["expires_at"]
        assert shown == moment.isoformat().replace("+00:00", "Z")
        with sessions.begin() as session:
            assert session.get_one(Job, job_id).expires_at == moment

    def test_may_be_left_out(self, client: TestClient) -> None:
        assert client.get(f"/v1/jobs/{submit(client)}").json()["expires_at"] is None

    @pytest.mark.parametrize(
        "given",
        [
            ahead(hours=1).replace(tzinfo=None).isoformat(),
            str(int(ahead(hours=1).timestamp())),
            "tomorrow",
            "2030-02-30T00:00:00Z",
            ahead(hours=1).isoformat(" "),
            "2001-01-01T00:00:00Z",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-12:00",
            "",
        ],
        # Of the hour itself they would differ between the processes that collect them.
        ids=["no zone", "seconds", "a word", "no such day", "a space", "past", "first", "last", "nothing"],
    )
    def test_is_a_time_of_the_coming_year_with_its_zone(self, client: TestClient, given: str) -> None:
        answer = client.post("/v1/jobs", files={"file": ("call.wav", b"RIFF")}, data={"expires_at": given})

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
        assert "expires_at" in answer.json()["detail"]

    @pytest.mark.parametrize(("days", "status"), [(365, 202), (367, 422)])
    def test_is_at_most_a_year_ahead(self, client: TestClient, days: int, status: int) -> None:
        fields = {"expires_at": ahead(days=days).isoformat()}

        answer = client.post("/v1/jobs", files={"file": ("call.wav", b"RIFF")}, data=fields)

        assert answer.status_code == status


class TestExpiredJob:
    def test_is_over_and_says_so(self, client: TestClient, sessions: SessionFactory) -> None:
        job_id = submit(client, expires_at=ahead(hours=1).isoformat())
        stages.expire(sessions, job_id)

        job = client.get(f"/v1/jobs/{job_id}?wait=30").json()

        assert (job["status"], job["stage"], job["error"]) == ("expired", None, None)
        assert job["completed_at"] is not None
        assert client.get("/v1/jobs?status=expired").json()["data"] == [job]

    @pytest.mark.parametrize(("method", "path", "status"), [("POST", "/cancel", 409), ("DELETE", "", 204)])
    def test_can_be_deleted_and_not_canceled(
        self, *, client: TestClient, sessions: SessionFactory, method: str, path: str, status: int
    ) -> None:
        job_id: uuid.UUID = submit(client)
        stages.expire(sessions, job_id)

        assert client.request(method, f"/v1/jobs/{job_id}{path}").status_code == status
