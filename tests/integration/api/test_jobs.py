"""Reading, listing and canceling jobs."""

from __future__ import annotations

import uuid

import pytest
from starlette.testclient import TestClient

from core.database import SessionFactory
from tests.integration.api import stages
from tests.integration.api.conftest import issue_key, submit
from tests.integration.api.faults import failing_commits


@pytest.fixture
def foreign_headers(sessions: SessionFactory) -> dict[str, str]:
    return {"Authorization": f"Bearer {issue_key(sessions, 'somebody else')}"}


class TestReading:
    def test_shows_the_stage_and_its_share_of_the_work(
        self, client: TestClient, sessions: SessionFactory
    ) -> None:
        job_id = submit(client, roles="agent,customer")
        stages.prepare(sessions, job_id)

        job = client.get(f"/v1/jobs/{job_id}").json()

        assert (job["status"], job["stage"], job["progress"]) == ("processing", "transcribing", 0.01)
        assert job["channels"] == [
            {"index": 0, "role": "agent", "findings": []},
            {"index": 1, "role": "customer", "findings": [stages.FAINT]},
        ]
        assert job["timings_ms"]["preparing"] >= 0
        assert job["timings_ms"]["total"] is None

    def test_shows_a_completed_job_as_a_whole(self, client: TestClient, sessions: SessionFactory) -> None:
        job_id = submit(client)
        stages.complete(sessions, job_id, {})

        answer = client.get(f"/v1/jobs/{job_id}")

        job = answer.json()
        assert (job["status"], job["stage"], job["progress"]) == ("completed", None, 1.0)
        assert job["completed_at"] > job["started_at"] > job["created_at"]
        assert job["timings_ms"]["total"] >= job["timings_ms"]["queued"]
        assert "Retry-After" not in answer.headers

    def test_shows_why_a_job_failed(self, client: TestClient, sessions: SessionFactory) -> None:
        job_id = submit(client)
        stages.fail(sessions, job_id)

        error = client.get(f"/v1/jobs/{job_id}").json()["error"]

        assert error == {
            "code": "audio_undecodable",
            "message": "The recording could not be decoded.",
            "retryable": False,
        }

    def test_says_when_to_ask_again_about_a_job_that_is_not_final(self, client: TestClient) -> None:
        assert int(client.get(f"/v1/jobs/{submit(client)}").headers["Retry-After"]) > 0

    @pytest.mark.parametrize("path", ["x", "00000000-0000-0000-0000-00000000000", "1?wait=1"])
    def test_an_id_that_is_none_is_named(self, client: TestClient, path: str) -> None:
        answer = client.get(f"/v1/jobs/{path}")

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/path/job_id"

    @pytest.mark.parametrize("query", ["wait=61", "wait=-1", "wait=soon", "wiat=5"])
    def test_a_wait_that_cannot_be_is_refused(self, client: TestClient, query: str) -> None:
        answer = client.get(f"/v1/jobs/{submit(client)}?{query}")

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


class TestOtherOwners:
    @pytest.mark.parametrize(
        ("method", "path"),
        [("GET", ""), ("GET", "?wait=30"), ("GET", "/transcript"), ("POST", "/cancel"), ("DELETE", "")],
    )
    def test_do_not_learn_that_a_job_is_there(
        self, client: TestClient, foreign_headers: dict[str, str], method: str, path: str
    ) -> None:
        job_id = submit(client)

        answer = client.request(method, f"/v1/jobs/{job_id}{path}", headers=foreign_headers)

        absent = client.request(method, f"/v1/jobs/{uuid.uuid4()}{path}", headers=foreign_headers)
        assert answer.status_code == absent.status_code == 404
        assert answer.json()["code"] == absent.json()["code"] == "not_found"
        assert client.get(f"/v1/jobs/{job_id}").json()["status"] == "queued"

    def test_see_only_jobs_of_their_own(self, client: TestClient, foreign_headers: dict[str, str]) -> None:
        submit(client)

        assert client.get("/v1/jobs", headers=foreign_headers).json()["data"] == []


class TestListing:
    def test_leads_through_all_jobs_once_newest_first(self, client: TestClient) -> None:
        submitted = [str(submit(client)) for _ in range(5)]
        listed: list[str] = []
        cursor: str | None = None

        for has_more in (True, True, False):
            page = client.get("/v1/jobs", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
            assert page["has_more"] is has_more
            listed += [job["id"] for job in page["data"]]
            cursor = page["next_cursor"]

        assert listed == submitted[::-1]
        assert cursor is None

    def test_shows_each_job_as_reading_it_does(self, client: TestClient, sessions: SessionFactory) -> None:
        for job_id in (submit(client, roles="agent"), submit(client)):
            stages.prepare(sessions, job_id)

        listed = client.get("/v1/jobs").json()["data"]

        assert [len(job["channels"]) for job in listed] == [2, 2]
        assert listed == [client.get(job["links"]["self"]).json() for job in listed]

    def test_can_be_limited_to_some_states(self, client: TestClient, sessions: SessionFactory) -> None:
        waiting, failed, canceled = submit(client), submit(client), submit(client)
        stages.fail(sessions, failed)
        client.post(f"/v1/jobs/{canceled}/cancel")

        one = client.get("/v1/jobs?status=queued").json()["data"]
        two = client.get("/v1/jobs?status=failed&status=canceled").json()["data"]

        assert [job["id"] for job in one] == [str(waiting)]
        assert [job["id"] for job in two] == [str(canceled), str(failed)]

    @pytest.mark.parametrize("query", ["limit=0", "limit=201", "status=done", "cursor=x", "owner=me"])
    def test_a_query_that_cannot_be_is_refused(self, client: TestClient, query: str) -> None:
        answer = client.get(f"/v1/jobs?{query}")

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


class TestCanceling:
    def test_ends_a_job_and_can_be_repeated(self, client: TestClient, sessions: SessionFactory) -> None:
        job_id = submit(client)
        stages.prepare(sessions, job_id)

        answers = [client.post(f"/v1/jobs/{job_id}/cancel") for _ in range(2)]

        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].json() == answers[1].json() == client.get(f"/v1/jobs/{job_id}").json()
        assert (answers[0].json()["status"], answers[0].json()["stage"]) == ("canceled", None)

    def test_that_could_not_be_committed_is_not_called_done(
        self, client: TestClient, sessions: SessionFactory
    ) -> None:
        job_id = submit(client)

        with failing_commits(sessions, "RAISE EXCEPTION 'no room'"):
            answer = client.post(f"/v1/jobs/{job_id}/cancel")

        assert answer.status_code == 500
        assert client.get(f"/v1/jobs/{job_id}").json()["status"] == "queued"

    @pytest.mark.parametrize("state", ["completed", "failed"])
    def test_a_job_that_ended_otherwise_cannot_be_canceled(
        self, client: TestClient, sessions: SessionFactory, state: str
    ) -> None:
        job_id = submit(client)
        if state == "completed":
            stages.complete(sessions, job_id, {})
        else:
            stages.fail(sessions, job_id)

        answer = client.post(f"/v1/jobs/{job_id}/cancel")

        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert state in answer.json()["detail"]
