"""Jobs on recordings that are to be fetched."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from core.database import SessionFactory
from core.settings import FetchSettings
from core.storage import ObjectStorage
from models import Job, Recording
from models.states import JobState
from tests.integration.api.conftest import ClientFactory, objects_of

URL = "https://calls.example/2026/call.wav?signature=hush"


@pytest.fixture
def fetching(client_with: ClientFactory) -> TestClient:
    return client_with(fetch=FetchSettings(enabled=True, hosts=("calls.example",)))


def source_urls(sessions: SessionFactory) -> list[str | None]:
    with sessions.begin() as session:
        return list(session.scalars(select(Recording.source_url)))


class TestJobByUrl:
    def test_is_refused_unless_it_is_switched_on(self, client: TestClient) -> None:
        answer = client.post("/v1/jobs", json={"url": URL})

        assert (answer.status_code, answer.json()["code"]) == (422, "import_forbidden")

    def test_waits_for_a_worker_that_fetches_it(
        self, *, fetching: TestClient, sessions: SessionFactory, storage: ObjectStorage, owner_id: uuid.UUID
    ) -> None:
        answer = fetching.post("/v1/jobs", json={"url": URL, "roles": ["agent"]})

        job = answer.json()
        assert (answer.status_code, job["status"]) == (202, "queued")
        assert (job["source"]["filename"], job["source"]["size_bytes"]) == ("call.wav", 0)
        assert source_urls(sessions) == [URL]
        assert objects_of(storage, owner_id) == []

    def test_tells_nobody_its_address(self, fetching: TestClient) -> None:
        submitted = fetching.post("/v1/jobs", json={"url": URL})
        found = fetching.get(f"/v1/jobs/{submitted.json()['id']}")

        assert "hush" not in submitted.text + found.text + str(submitted.headers)

    @pytest.mark.parametrize("body", [{}, {"url": URL, "upload_id": str(uuid.uuid4())}, {"url": None}])
    def test_has_one_recording(self, fetching: TestClient, body: dict[str, object]) -> None:
        answer = fetching.post("/v1/jobs", json=body)

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")

    def test_that_is_sent_twice_under_one_key_is_one(self, fetching: TestClient) -> None:
        headers = {"Idempotency-Key": "call-1"}
        first, again = (fetching.post("/v1/jobs", json={"url": URL}, headers=headers) for _ in range(2))

        assert first.json()["id"] == again.json()["id"]

    def test_that_was_never_fetched_can_be_tried_again(
        self, fetching: TestClient, sessions: SessionFactory
    ) -> None:
        job_id = fetching.post("/v1/jobs", json={"url": URL}).json()["id"]
        fetching.post(f"/v1/jobs/{job_id}/cancel")

        again = fetching.post(f"/v1/jobs/{job_id}/retry")

        assert again.status_code == 202, again.text
        assert source_urls(sessions) == [URL, URL]

    def test_that_is_deleted_is_forgotten_with_its_address(
        self, fetching: TestClient, sessions: SessionFactory
    ) -> None:
        job_id = fetching.post("/v1/jobs", json={"url": URL}).json()["id"]

        fetching.delete(f"/v1/jobs/{job_id}")

        assert source_urls(sessions) == [None]

    def test_that_could_not_be_fetched_says_that_it_may_be_later(
        self, fetching: TestClient, sessions: SessionFactory
    ) -> None:
        job_id = fetching.post("/v1/jobs", json={"url": URL}).json()["id"]
        for code in ("fetch_failed", "fetch_refused"):
            with sessions.begin() as session:
                failed = {"state": JobState.FAILED, "error_code": code, "finished_at": Job.created_at}
                session.execute(update(Job).values(failed))
            error = fetching.get(f"/v1/jobs/{job_id}").json()["error"]

            assert error["retryable"] == (code == "fetch_failed")
