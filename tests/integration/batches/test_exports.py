"""Results and errors as files: every item in one of them, exactly once, whatever was in its text."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from api.batches import exports
from core.database import SessionFactory
from models import Transcript
from tests.integration.api import stages
from tests.integration.api.test_transcripts import CONTENT
from tests.integration.batches.conftest import admitted, complete, jobs_of, made
from workers.process import Process

Uploaded = Callable[..., str]


@pytest.fixture
def batch_id(client: TestClient, process: Process, sessions: SessionFactory, uploaded: Uploaded) -> uuid.UUID:
    """Three completed, one failed, one canceled, one refused."""
    items = [
        {
            "custom_id": name,
            "upload_id": uploaded(filename=f"{name}.wav"),
            "roles": ["agent", "customer"],
            "metadata": {"agent": "=Kim", "tries": number, "tags": ["a", "b"]},
        }
        for number, name in enumerate("abcde")
    ]
    batch_id = made(client, items=[*items, {"custom_id": "wrong"}])
    admitted(process, batch_id)
    jobs = jobs_of(sessions, batch_id)
    for job in jobs[:3]:
        complete(sessions, job.id)
    stages.fail(sessions, jobs[3].id)
    stages.cancel(sessions, jobs[4].id)
    return batch_id


def lines(client: TestClient, batch_id: uuid.UUID, what: str, **query: object) -> list[dict[str, object]]:
    answer = client.get(f"/v1/batches/{batch_id}/{what}", params=query)  # type: ignore[arg-type]
    assert answer.headers["Content-Type"] == "application/jsonl"
    return [json.loads(line) for line in answer.text.splitlines()]


def rows(client: TestClient, batch_id: uuid.UUID, what: str) -> list[dict[str, str]]:
    answer = client.get(f"/v1/batches/{batch_id}/{what}?format=csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text), strict=True))


@pytest.mark.parametrize("page", [1, 2, 100])
class TestPages:
    def test_of_any_size_make_the_same_file(
        self, client: TestClient, batch_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch, page: int
    ) -> None:
        monkeypatch.setattr(exports, "PAGE", page)

        assert [line["custom_id"] for line in lines(client, batch_id, "results")] == ["a", "b", "c"]
        assert [row["custom_id"] for row in rows(client, batch_id, "results")] == ["a", "b", "c"]
        assert [line["custom_id"] for line in lines(client, batch_id, "errors")] == ["d", "e", "wrong"]
        assert [row["custom_id"] for row in rows(client, batch_id, "errors")] == ["d", "e", "wrong"]


class TestResults:
    def test_have_the_whole_transcript(self, client: TestClient, batch_id: uuid.UUID) -> None:
        first = lines(client, batch_id, "results")[0]

        assert first["transcript"] == CONTENT
        assert (first["number"], first["filename"]) == (1, "a.wav")
        assert first["metadata"] == {"agent": "=Kim", "tries": 0, "tags": ["a", "b"]}

    def test_go_on_after_a_number(self, client: TestClient, batch_id: uuid.UUID) -> None:
        assert [line["custom_id"] for line in lines(client, batch_id, "results", after=2)] == ["c"]

    def test_are_rows_of_a_spreadsheet(self, client: TestClient, batch_id: uuid.UUID) -> None:
        row = rows(client, batch_id, "results")[1]

        assert (row["number"], row["custom_id"], row["filename"]) == ("2", "b", "b.wav")
        assert row["text"] == CONTENT["text"]
        assert float(row["duration_s"]) == CONTENT["duration_ms"] / 1000
        assert (row["metadata.tries"], row["metadata.tags"]) == ("1", '["a", "b"]')
        assert {"agent_talk_s", "customer_talk_ratio"} <= set(row)

    def test_run_nothing_in_a_spreadsheet(self, client: TestClient, batch_id: uuid.UUID) -> None:
        assert {row["metadata.agent"] for row in rows(client, batch_id, "results")} == {"'=Kim"}


class TestReview:
    def test_begins_with_the_least_trusted(
        self, client: TestClient, sessions: SessionFactory, batch_id: uuid.UUID
    ) -> None:
        trust = {"a": 0.9, "b": 0.2, "c": None}
        for job in jobs_of(sessions, batch_id)[:3]:
            with sessions.begin() as session:
                session.get_one(Transcript, job.id).trust = trust[str(job.custom_id)]

        review = client.get(f"/v1/batches/{batch_id}/review").json()["data"]
        first = client.get(f"/v1/batches/{batch_id}/review?limit=1").json()["data"]

        assert [call["custom_id"] for call in review] == ["b", "a", "c"]
        assert first == review[:1]
        assert review[0]["flags"] == CONTENT["quality"]["flags"]

    def test_is_in_the_spreadsheet_too(self, client: TestClient, batch_id: uuid.UUID) -> None:
        row = rows(client, batch_id, "results")[0]

        assert float(row["trust"]) == CONTENT["quality"]["trust"]
        assert row["flags"].split() == sorted({flag["code"] for flag in CONTENT["quality"]["flags"]})


class TestErrors:
    def test_say_why(self, client: TestClient, batch_id: uuid.UUID) -> None:
        failed, canceled, refused = lines(client, batch_id, "errors")

        assert (failed["status"], failed["code"]) == ("failed", "audio_undecodable")
        assert (canceled["status"], canceled["code"]) == ("canceled", None)
        assert (refused["status"], refused["code"], refused["number"]) == ("refused", "invalid_request", 6)


@pytest.mark.parametrize("kind", ["results", "errors"])
def test_what_no_item_can_have_for_a_number_is_refused_before_anything_is_sent(
    client: TestClient, kind: str
) -> None:
    batch_id = made(client, open=True)

    statuses = [
        client.get(f"/v1/batches/{batch_id}/{kind}", params={"after": after}).status_code
        for after in (2**63 - 1, 2**63, -1)
    ]

    assert statuses == [200, 422, 422]
