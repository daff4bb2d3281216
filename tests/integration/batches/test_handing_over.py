"""POST of a batch and of its items: each is looked at by itself, and nothing is taken twice."""

from __future__ import annotations

import uuid

import pytest
from starlette.testclient import TestClient

from core.database import SessionFactory
from models import Batch
from tests.integration.api.conftest import issue_key
from tests.integration.batches.conftest import counts_of, items_of, made, tend

SOME = [{"custom_id": f"call-{number}", "upload_id": str(uuid.uuid4())} for number in range(3)]


class TestItems:
    def test_wait_to_be_made_jobs(self, client: TestClient) -> None:
        batch_id = made(client, name="October", metadata={"month": 10}, items=SOME)

        batch = client.get(f"/v1/batches/{batch_id}").json()
        assert (batch["name"], batch["metadata"], batch["status"]) == ("October", {"month": 10}, "running")
        assert counts_of(client, batch_id) == {"total": 3, "waiting": 3}
        assert [item["custom_id"] for item in items_of(client, batch_id)] == ["call-0", "call-1", "call-2"]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"custom_id": "x"},
            {"custom_id": "x", "upload_id": "no-uuid"},
            {"custom_id": "x", "upload_id": str(uuid.uuid4()), "url": "s3://a/b"},
            {"custom_id": "x", "upload_id": str(uuid.uuid4()), "hotwords": []},
            {"custom_id": "x" * 300, "upload_id": str(uuid.uuid4())},
            {"custom_id": "x", "upload_id": str(uuid.uuid4()), "roles": {"0": "NOBODY"}},
            "call.wav",
            None,
        ],
    )
    def test_one_that_is_wrong_is_refused_alone(self, client: TestClient, wrong: object) -> None:
        batch_id = made(client, items=[SOME[0], wrong, SOME[1]])

        assert counts_of(client, batch_id) == {"total": 3, "waiting": 2, "refused": 1}
        [refused] = items_of(client, batch_id, status="refused")
        assert refused["number"] == 2
        assert isinstance(refused["error"], dict)
        assert refused["error"]["code"] == "invalid_request"

    def test_of_two_with_one_name_the_first_stays(self, client: TestClient) -> None:
        twin = {**SOME[0], "upload_id": str(uuid.uuid4())}

        batch_id = made(client, items=[SOME[0], twin])

        [refused] = items_of(client, batch_id, status="refused")
        assert (refused["number"], refused["custom_id"]) == (2, "call-0")
        assert isinstance(refused["error"], dict)
        assert refused["error"]["code"] == "duplicate_custom_id"

    def test_are_named_by_their_audio_where_they_have_no_name(self, client: TestClient) -> None:
        batch_id = made(
            client, items=[{"url": "s3://calls/2026/1.wav"}, {"custom_id": None, "file": "2.wav"}]
        )

        assert [item["custom_id"] for item in items_of(client, batch_id)] == [
            "s3://calls/2026/1.wav",
            "2.wav",
        ]

    def test_take_what_they_do_not_say_from_the_defaults(self, client: TestClient) -> None:
        batch_id = made(
            client,
            defaults={"metadata": {"queue": "billing", "agent": "Kim"}},
            items=[{**SOME[0], "metadata": {"agent": "Lee"}}],
        )

        [item] = items_of(client, batch_id)
        assert item["metadata"] == {"queue": "billing", "agent": "Lee"}

    def test_come_in_pages(self, client: TestClient) -> None:
        batch_id = made(client, items=SOME)

        first = client.get(f"/v1/batches/{batch_id}/items?limit=2").json()
        second = client.get(f"/v1/batches/{batch_id}/items?limit=2&cursor={first['next_cursor']}").json()
        assert [len(page["data"]) for page in (first, second)] == [2, 1]
        assert (first["has_more"], second["has_more"]) == (True, False)


class TestOpenBatch:
    def test_takes_more_until_it_is_closed(self, client: TestClient) -> None:
        batch_id = made(client, open=True)

        answer = client.post(f"/v1/batches/{batch_id}/items", json={"items": SOME})
        assert answer.json() == {"accepted": 3, "refused": []}
        assert client.get(f"/v1/batches/{batch_id}").json()["status"] == "open"

        for _ in range(2):
            assert client.post(f"/v1/batches/{batch_id}/close").json()["status"] == "running"
        late = client.post(f"/v1/batches/{batch_id}/items", json={"items": SOME})
        assert (late.status_code, late.json()["code"]) == (409, "conflict")

    def test_what_is_sent_twice_is_taken_once(self, client: TestClient) -> None:
        batch_id = made(client, open=True, items=SOME[:2])

        again = client.post(f"/v1/batches/{batch_id}/items", json={"items": SOME}).json()

        assert again["accepted"] == 1
        assert [(each["index"], each["code"]) for each in again["refused"]] == [
            (0, "duplicate_custom_id"),
            (1, "duplicate_custom_id"),
        ]
        # Nothing is left of the repetition: no counts, no errors.
        assert counts_of(client, batch_id) == {"total": 3, "waiting": 3}
        assert [item["custom_id"] for item in items_of(client, batch_id)] == ["call-0", "call-1", "call-2"]

    def test_what_is_refused_twice_is_told_once(self, client: TestClient) -> None:
        batch_id = made(client, open=True)
        wrong = {"items": [{"custom_id": "a"}, SOME[0], {"custom_id": "b", "url": "no-place"}, SOME[0]]}

        answers = [client.post(f"/v1/batches/{batch_id}/items", json=wrong).json() for _ in range(2)]

        assert [len(answer["refused"]) for answer in answers] == [2, 4]
        assert counts_of(client, batch_id) == {"total": 4, "waiting": 2, "refused": 2}

    def test_goes_on_while_it_is_open(self, client: TestClient, sessions: SessionFactory) -> None:
        batch_id = made(client, open=True)

        tend(sessions)

        assert client.get(f"/v1/batches/{batch_id}").json()["status"] == "open"


class TestSentAgain:
    def test_makes_no_second_batch(self, client: TestClient, sessions: SessionFactory) -> None:
        headers = {"Idempotency-Key": "october"}
        first = client.post("/v1/batches", json={"items": SOME}, headers=headers)
        again = client.post("/v1/batches", json={"items": SOME}, headers=headers)

        assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
        assert again.headers["Idempotent-Replayed"] == "true"
        with sessions.begin() as session:
            assert session.query(Batch).count() == 1

    def test_as_another_request_is_refused(self, client: TestClient) -> None:
        headers = {"Idempotency-Key": "october"}
        client.post("/v1/batches", json={"items": SOME}, headers=headers)

        other = client.post("/v1/batches", json={"items": SOME[:1]}, headers=headers)

        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


class TestRefusedAsAWhole:
    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({}, "invalid_request"),
            ({"items": SOME, "hotwords": []}, "invalid_request"),
            ({"items": SOME, "defaults": {"model": "gpt"}}, "unknown_model"),
            (
                {"items": SOME, "defaults": {"model": "whisper-tiny.en", "language": "zh"}},
                "unsupported_option",
            ),
            ({"items": SOME, "defaults": {"expires_at": "2020-01-01T00:00:00Z"}}, "invalid_request"),
            ({"source": {"type": "prefix", "url": "s3://callscribe/recordings/"}}, "import_forbidden"),
            ({"source": {"type": "prefix", "url": "https://example.org/"}}, "invalid_request"),
            ({"source": {"type": "ftp"}}, "invalid_request"),
            ({"items": SOME * 4_000}, "invalid_request"),
        ],
    )
    def test_says_why(self, client: TestClient, fields: dict[str, object], code: str) -> None:
        answer = client.post("/v1/batches", json=fields)

        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert client.get("/v1/batches").json()["data"] == []

    def test_a_manifest_that_nobody_began_is_not_found(self, client: TestClient) -> None:
        source = {"type": "manifest", "format": "csv", "upload_id": str(uuid.uuid4())}

        assert client.post("/v1/batches", json={"source": source}).status_code == 404


class TestOtherOwners:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", ""),
            ("GET", "/items"),
            ("GET", "/results"),
            ("GET", "/review"),
            ("GET", "/errors"),
            ("POST", "/items"),
            ("POST", "/close"),
            ("POST", "/cancel"),
            ("POST", "/retry-failed"),
        ],
    )
    def test_find_nothing(self, client: TestClient, sessions: SessionFactory, method: str, path: str) -> None:
        batch_id = made(client, items=SOME)
        client.headers["Authorization"] = f"Bearer {issue_key(sessions, 'others')}"

        answer = client.request(
            method, f"/v1/batches/{batch_id}{path}", json={"items": []} if path == "/items" else None
        )

        assert answer.status_code == 404
        assert client.get("/v1/batches").json()["data"] == []
