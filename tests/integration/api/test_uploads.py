"""POST /v1/uploads, and the jobs made from them."""

from __future__ import annotations

import uuid
from datetime import timedelta

import httpx
import pytest
from httpx2 import Response
from sqlalchemy import func, update
from starlette.testclient import TestClient

from client.uploads import Upload as Begun
from core.database import SessionFactory
from core.storage import ObjectStorage
from models.upload import Upload
from tests.integration.api.conftest import ClientFactory, issue_key, objects_of

CONTENT = b"RIFF" + bytes(1000)


def begin(client: TestClient, **body: object) -> Begun:
    answer = client.post("/v1/uploads", json=body)
    assert answer.status_code == 201, answer.text
    return Begun.model_validate(answer.json())


def sent(upload: Begun, content: bytes = CONTENT) -> httpx.Response:
    return httpx.put(str(upload.url), content=content, headers=upload.headers)


def put(upload: Begun, content: bytes = CONTENT) -> None:
    sent(upload, content).raise_for_status()


def submitted(client: TestClient, upload: Begun, **options: object) -> Response:
    return client.post("/v1/jobs", json={"upload_id": str(upload.id), **options})


class TestUpload:
    def test_is_put_to_its_url_and_made_a_job(
        self, client: TestClient, storage: ObjectStorage, owner_id: uuid.UUID
    ) -> None:
        upload = begin(client, filename="今天.wav")
        put(upload)

        answer = submitted(client, upload, lane="bulk", roles=["agent"])

        job = answer.json()
        assert answer.status_code == 202
        assert answer.headers["Location"] == job["links"]["self"]
        assert (job["source"]["filename"], job["source"]["size_bytes"]) == ("今天.wav", len(CONTENT))
        assert (job["lane"], job["options"]["roles"]) == ("bulk", {"0": "agent"})
        [key] = objects_of(storage, owner_id)
        assert storage.read(key, first_byte=0, last_byte=len(CONTENT)) == CONTENT

    def test_says_until_when_it_can_be_begun(self, client_with: ClientFactory) -> None:
        upload = begin(client_with(upload_url_ttl=timedelta(minutes=5)))

        assert "X-Amz-Expires=300" in str(upload.url)

    @pytest.mark.parametrize("body", [{"filename": "a/b"}, {"filename": ""}, {"name": "a"}, [], "x"])
    def test_takes_no_other_options(self, client: TestClient, body: object) -> None:
        answer = client.post("/v1/uploads", json=body)

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


class TestRefusedJob:
    def test_nothing_was_put_yet(self, client: TestClient) -> None:
        upload = begin(client)

        answer = submitted(client, upload)

        assert (answer.status_code, answer.json()["code"]) == (409, "upload_incomplete")

    def test_nothing_yet_can_be_mended(self, client: TestClient) -> None:
        upload = begin(client)
        submitted(client, upload)
        put(upload)

        assert submitted(client, upload).status_code == 202

    def test_what_was_put_is_empty(self, client: TestClient) -> None:
        upload = begin(client)
        put(upload, b"")

        answer = submitted(client, upload)

        assert (answer.status_code, answer.json()["code"]) == (422, "audio_empty")

    def test_what_was_put_is_too_large(self, client_with: ClientFactory) -> None:
        client = client_with(max_upload_bytes=len(CONTENT) - 1)
        upload = begin(client)
        put(upload)

        answer = submitted(client, upload)

        assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")

    def test_what_was_put_is_too_large_and_goes(
        self, client_with: ClientFactory, storage: ObjectStorage, owner_id: uuid.UUID
    ) -> None:
        client = client_with(max_upload_bytes=len(CONTENT) - 1)
        upload = begin(client)
        put(upload)
        submitted(client, upload)

        assert objects_of(storage, owner_id) == []
        assert submitted(client, upload).json()["code"] == "gone"

    def test_it_has_a_job_already(self, client: TestClient) -> None:
        upload = begin(client)
        put(upload)
        submitted(client, upload)

        answer = submitted(client, upload)

        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert len(client.get("/v1/jobs").json()["data"]) == 1

    def test_a_refused_job_leaves_it_usable(self, client: TestClient) -> None:
        upload = begin(client)
        put(upload)
        submitted(client, upload, model="whisper-small")

        assert submitted(client, upload).status_code == 202

    def test_it_has_expired(self, client: TestClient, sessions: SessionFactory) -> None:
        upload = begin(client)
        put(upload)
        with sessions.begin() as session:
            session.execute(update(Upload).values(expires_at=func.clock_timestamp()))

        answer = submitted(client, upload)

        assert (answer.status_code, answer.json()["code"]) == (410, "gone")

    def test_it_is_somebody_elses(self, client: TestClient, sessions: SessionFactory) -> None:
        upload = begin(client)
        put(upload)
        headers = {"Authorization": f"Bearer {issue_key(sessions, 'somebody else')}"}

        answer = client.post("/v1/jobs", json={"upload_id": str(upload.id)}, headers=headers)

        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    def test_it_never_was(self, client: TestClient) -> None:
        answer = client.post("/v1/jobs", json={"upload_id": str(uuid.uuid4())})

        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    @pytest.mark.parametrize(
        ("content", "status", "code"),
        [
            (b"{", 422, "invalid_request"),
            (b"", 422, "invalid_request"),
            (b"{}", 422, "invalid_request"),
            (b'{"upload_id": "x"}', 422, "invalid_request"),
            (b"[" * 50_000, 422, "invalid_request"),
            (b'"\xff"', 422, "invalid_request"),
            (b" " * 70_000, 413, "payload_too_large"),
        ],
    )
    def test_the_body_is_not_what_it_should_be(
        self, client: TestClient, content: bytes, status: int, code: str
    ) -> None:
        answer = client.post("/v1/jobs", content=content, headers={"Content-Type": "application/json"})

        assert (answer.status_code, answer.json()["code"]) == (status, code)
