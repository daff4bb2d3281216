"""A batch ends with its items, or when its caller wants no more, and goes on when some are tried again."""

from __future__ import annotations

import json
from collections.abc import Callable

from starlette.testclient import TestClient

from core.database import SessionFactory
from tests.integration.api import stages
from tests.integration.batches.conftest import admitted, complete, counts_of, items_of, jobs_of, made, tend
from workers.batches.stage import admit_batch
from workers.process import Process

Uploaded = Callable[..., str]


class TestEnds:
    def test_when_every_item_is_over(
        self, client: TestClient, process: Process, sessions: SessionFactory, uploaded: Uploaded
    ) -> None:
        items = [{"custom_id": name, "upload_id": uploaded()} for name in ("a", "b")]
        batch_id = made(client, items=[*items, "wrong"])
        tend(sessions)
        admitted(process, batch_id)
        first, second = jobs_of(sessions, batch_id)
        complete(sessions, first.id)
        tend(sessions)
        assert client.get(f"/v1/batches/{batch_id}").json()["status"] == "running"

        stages.fail(sessions, second.id)
        tend(sessions)
        tend(sessions)

        batch = client.get(f"/v1/batches/{batch_id}?wait=5").json()
        assert (batch["status"], batch["progress"], batch["eta_seconds"]) == ("completed", 1.0, None)
        events = [
            event for event in client.get("/v1/events").json()["data"] if event["type"] == "batch.completed"
        ]
        assert [event["data"]["batch_id"] for event in events] == [str(batch_id)]
        assert events[0]["data"]["request_counts"]["completed"] == 1

    def test_of_refused_items_only_it_is_over_at_once(
        self, client: TestClient, sessions: SessionFactory
    ) -> None:
        batch_id = made(client, items=["wrong"])

        tend(sessions)

        assert client.get(f"/v1/batches/{batch_id}").json()["status"] == "completed"

    def test_canceled_it_ends_what_is_not_over(
        self, client: TestClient, process: Process, sessions: SessionFactory, uploaded: Uploaded
    ) -> None:
        batch_id = made(
            client, open=True, items=[{"custom_id": name, "upload_id": uploaded()} for name in ("a", "b")]
        )
        admitted(process, batch_id)
        complete(sessions, jobs_of(sessions, batch_id)[0].id)
        client.post(
            f"/v1/batches/{batch_id}/items", json={"items": [{"custom_id": "c", "upload_id": uploaded()}]}
        )

        for _ in range(2):
            assert client.post(f"/v1/batches/{batch_id}/cancel").json()["status"] == "canceling"
        assert admit_batch(process, batch_id) == "nothing to do"
        tend(sessions)

        assert client.get(f"/v1/batches/{batch_id}").json()["status"] == "canceled"
        assert counts_of(client, batch_id) == {"total": 3, "completed": 1, "canceled": 2}

    def test_completed_it_can_no_longer_be_canceled(
        self, client: TestClient, sessions: SessionFactory
    ) -> None:
        batch_id = made(client, items=["wrong"])
        tend(sessions)

        assert client.post(f"/v1/batches/{batch_id}/cancel").status_code == 409


class TestRetry:
    def test_makes_new_jobs_of_what_failed(
        self, client: TestClient, process: Process, sessions: SessionFactory, uploaded: Uploaded
    ) -> None:
        items = [{"custom_id": name, "upload_id": uploaded()} for name in ("a", "b")]
        batch_id = made(client, items=items)
        admitted(process, batch_id)
        first, second = jobs_of(sessions, batch_id)
        complete(sessions, first.id)
        stages.fail(sessions, second.id)
        tend(sessions)

        for _ in range(2):
            client.post(f"/v1/batches/{batch_id}/retry-failed")
        assert counts_of(client, batch_id) == {"total": 2, "completed": 1, "waiting": 1}
        admitted(process, batch_id)

        [again] = [job for job in jobs_of(sessions, batch_id) if job.id != first.id]
        assert (again.retry_of, again.custom_id) == (second.id, "b")
        assert counts_of(client, batch_id) == {"total": 2, "completed": 1, "queued": 1}
        complete(sessions, again.id)
        tend(sessions)
        types = [event["type"] for event in client.get("/v1/events").json()["data"]]
        assert types.count("batch.completed") == 2

    def test_that_was_canceled_is_told_as_canceled(
        self, client: TestClient, process: Process, sessions: SessionFactory, uploaded: Uploaded
    ) -> None:
        """Not as it ended the first time: counts, items and errors say the same."""
        batch_id = made(client, items=[{"custom_id": "a", "upload_id": uploaded()}])
        admitted(process, batch_id)
        stages.fail(sessions, jobs_of(sessions, batch_id)[0].id)
        client.post(f"/v1/batches/{batch_id}/retry-failed")
        client.post(f"/v1/batches/{batch_id}/cancel")

        assert counts_of(client, batch_id) == {"total": 1, "canceled": 1}
        assert [item["status"] for item in items_of(client, batch_id)] == ["canceled"]
        error = json.loads(client.get(f"/v1/batches/{batch_id}/errors").text)
        assert (error["status"], error["code"]) == ("canceled", None)

    def test_of_a_job_that_was_erased_there_is_none(
        self, client: TestClient, process: Process, sessions: SessionFactory, uploaded: Uploaded
    ) -> None:
        batch_id = made(
            client, items=[{"custom_id": "secret-name", "upload_id": uploaded(), "metadata": {"a": 1}}]
        )
        admitted(process, batch_id)
        [job] = jobs_of(sessions, batch_id)
        stages.fail(sessions, job.id)
        client.delete(f"/v1/jobs/{job.id}")

        client.post(f"/v1/batches/{batch_id}/retry-failed")

        assert counts_of(client, batch_id) == {"total": 1, "failed": 1}
        answers = (
            client.get(f"/v1/batches/{batch_id}/items").text
            + client.get(f"/v1/batches/{batch_id}/errors").text
        )
        assert "secret-name" not in answers
