"""Uploads of an announced size: what the store takes, what arrives, and what may become a job."""

from __future__ import annotations

import hashlib
import os
import uuid

import httpx
import pytest
from httpx2 import Response
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, update
from starlette.testclient import TestClient

from api.uploads.schemas import MOST_PARTS
from api.uploads.service import part_bytes_of
from client.uploads import Upload as Begun
from core.database import SessionFactory
from core.storage import ObjectStorage
from models.upload import Upload
from tests.integration.api.conftest import ClientFactory, issue_key, objects_of, unfinished_of
from tests.integration.api.test_uploads import CONTENT, begin, put, sent, submitted

PART = 5 * 1024 * 1024
LARGE = os.urandom(PART + 1000)
OTHER = hashlib.sha256(b"something else").hexdigest()


@pytest.fixture
def in_parts(client_with: ClientFactory) -> TestClient:
    """An API that has recordings above 5 MiB sent in parts."""
    return client_with(upload_part_bytes=PART)


def send_parts(upload: Begun, content: bytes = LARGE) -> list[str]:
    """Their ETags."""
    etags = []
    for part in upload.parts:
        answer = httpx.put(part.url, content=content[: part.size_bytes])
        answer.raise_for_status()
        etags.append(answer.headers["ETag"])
        content = content[part.size_bytes :]
    return etags


def complete(client: TestClient, upload: Begun, etags: list[str]) -> Response:
    parts = [{"number": number, "etag": etag} for number, etag in enumerate(etags, start=1)]
    return client.post(f"/v1/uploads/{upload.id}/complete", json={"parts": parts})


def status_of(client: TestClient, upload: Begun) -> str:
    return str(client.get(f"/v1/uploads/{upload.id}").json()["status"])


def code_of(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class TestSmallOne:
    def test_becomes_a_job_when_it_is_as_announced(self, client: TestClient) -> None:
        upload = begin(client, size_bytes=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())
        put(upload)

        assert submitted(client, upload).status_code == 202

    @pytest.mark.parametrize("content", [CONTENT + b"1", CONTENT[:-1], b""])
    def test_of_another_size_is_refused_by_the_store(self, client: TestClient, content: bytes) -> None:
        upload = begin(client, size_bytes=len(CONTENT))

        assert sent(upload, content).status_code == 403
        assert code_of(submitted(client, upload)) == (409, "upload_incomplete")

    def test_of_other_content_is_refused_by_the_store(self, client: TestClient) -> None:
        upload = begin(client, size_bytes=len(CONTENT), sha256=OTHER)

        assert sent(upload).status_code == 400
        assert code_of(submitted(client, upload)) == (409, "upload_incomplete")

    def test_without_the_header_of_its_digest_is_refused_by_the_store(self, client: TestClient) -> None:
        upload = begin(client, size_bytes=len(CONTENT), sha256=OTHER)

        assert httpx.put(str(upload.url), content=CONTENT).status_code == 403

    @pytest.mark.parametrize("changes", [{"size_bytes": 9}, {"sha256": OTHER}])
    def test_that_a_careless_store_took_is_found_out_when_it_is_used(
        self,
        *,
        client: TestClient,
        sessions: SessionFactory,
        storage: ObjectStorage,
        owner_id: uuid.UUID,
        changes: dict[str, object],
    ) -> None:
        upload = begin(client)
        put(upload)
        with sessions.begin() as session:
            session.execute(update(Upload).values(changes))

        answer = submitted(client, upload)

        assert code_of(answer) == (409, "upload_mismatch")
        assert objects_of(storage, owner_id) == []
        assert status_of(client, upload) == "expired"

    def test_may_be_completed_too(self, client: TestClient) -> None:
        upload = begin(client, size_bytes=len(CONTENT))
        put(upload)

        answer = complete(client, upload, [])

        assert (answer.status_code, answer.json()["status"], answer.json()["url"]) == (200, "complete", None)
        assert submitted(client, upload).status_code == 202

    @pytest.mark.parametrize(
        "body",
        [
            {"size_bytes": 0},
            {"size_bytes": -1},
            {"sha256": OTHER},
            {"size_bytes": 1, "sha256": OTHER.upper()},
        ],
    )
    def test_is_announced_as_it_should_be(self, client: TestClient, body: dict[str, object]) -> None:
        assert code_of(client.post("/v1/uploads", json=body)) == (422, "invalid_request")

    def test_that_is_too_large_is_refused_before_it_is_sent(self, client_with: ClientFactory) -> None:
        client = client_with(max_upload_bytes=100)

        assert code_of(client.post("/v1/uploads", json={"size_bytes": 101})) == (413, "payload_too_large")


class TestLargeOne:
    def test_is_sent_in_parts_and_made_a_job(
        self, in_parts: TestClient, storage: ObjectStorage, owner_id: uuid.UUID
    ) -> None:
        digest = hashlib.sha256(LARGE).hexdigest()
        upload = begin(in_parts, filename="long.wav", size_bytes=len(LARGE), sha256=digest)

        completed = complete(in_parts, upload, send_parts(upload))
        job = submitted(in_parts, upload)

        assert [part.size_bytes for part in upload.parts] == [PART, 1000]
        assert (completed.status_code, completed.json()["status"]) == (200, "complete")
        assert job.json()["source"]["size_bytes"] == len(LARGE)
        [key] = objects_of(storage, owner_id)
        assert storage.read(key, first_byte=0, last_byte=len(LARGE)) == LARGE
        assert status_of(in_parts, upload) == "used"

    def test_is_no_job_before_it_is_complete(self, in_parts: TestClient) -> None:
        upload = begin(in_parts, size_bytes=len(LARGE))
        send_parts(upload)

        assert code_of(submitted(in_parts, upload)) == (409, "upload_incomplete")
        assert status_of(in_parts, upload) == "waiting"

    def test_is_no_manifest_before_it_is_complete(self, in_parts: TestClient) -> None:
        upload = begin(in_parts, size_bytes=len(LARGE))
        source = {"type": "manifest", "format": "csv", "upload_id": str(upload.id)}

        answer = in_parts.post("/v1/batches", json={"source": source})

        assert code_of(answer) == (409, "upload_incomplete")

    @pytest.mark.parametrize("change", [1, -1])
    def test_has_no_part_of_another_size(self, in_parts: TestClient, change: int) -> None:
        upload = begin(in_parts, size_bytes=len(LARGE))
        [first, _] = upload.parts

        assert httpx.put(first.url, content=bytes(first.size_bytes + change)).status_code == 403

    def test_of_which_a_part_is_missing_is_not_complete(self, in_parts: TestClient) -> None:
        upload = begin(in_parts, size_bytes=len(LARGE))
        httpx.put(upload.parts[0].url, content=LARGE[:PART]).raise_for_status()

        assert code_of(complete(in_parts, upload, ['"e"', '"e"'])) == (409, "upload_incomplete")

    def test_can_be_completed_once_the_missing_part_is_there(self, in_parts: TestClient) -> None:
        upload = begin(in_parts, size_bytes=len(LARGE))
        complete(in_parts, upload, ['"e"', '"e"'])

        assert complete(in_parts, upload, send_parts(upload)).status_code == 200

    def test_names_each_part_once(self, in_parts: TestClient) -> None:
        upload = begin(in_parts, size_bytes=len(LARGE))
        etags = send_parts(upload)

        assert code_of(complete(in_parts, upload, etags[:1])) == (422, "invalid_request")
        assert code_of(complete(in_parts, upload, [*etags, "e"])) == (422, "invalid_request")

    def test_of_another_digest_is_over(
        self, in_parts: TestClient, storage: ObjectStorage, owner_id: uuid.UUID
    ) -> None:
        upload = begin(in_parts, size_bytes=len(LARGE), sha256=OTHER)
        etags = send_parts(upload)

        assert code_of(complete(in_parts, upload, etags)) == (409, "upload_mismatch")
        assert code_of(complete(in_parts, upload, etags)) == (410, "gone")
        assert objects_of(storage, owner_id) == unfinished_of(storage, owner_id) == []

    def test_is_completed_again_without_harm(self, in_parts: TestClient) -> None:
        upload = begin(in_parts, size_bytes=len(LARGE))
        etags = send_parts(upload)
        first = complete(in_parts, upload, etags)

        again = complete(in_parts, upload, etags)

        assert again.json() == first.json()

    def test_that_was_put_together_by_a_try_that_died_is_completed(
        self, in_parts: TestClient, sessions: SessionFactory
    ) -> None:
        upload = begin(in_parts, size_bytes=len(LARGE))
        etags = send_parts(upload)
        complete(in_parts, upload, etags)
        with sessions.begin() as session:
            session.execute(update(Upload).values(completed_at=None))

        assert complete(in_parts, upload, etags).json()["status"] == "complete"

    def test_that_has_expired_is_not_completed(self, in_parts: TestClient, sessions: SessionFactory) -> None:
        upload = begin(in_parts, size_bytes=len(LARGE))
        etags = send_parts(upload)
        with sessions.begin() as session:
            session.execute(update(Upload).values(expires_at=func.clock_timestamp()))

        assert code_of(complete(in_parts, upload, etags)) == (410, "gone")

    def test_tells_its_addresses_again(self, in_parts: TestClient) -> None:
        upload = begin(in_parts, size_bytes=len(LARGE))
        found = Begun.model_validate(in_parts.get(f"/v1/uploads/{upload.id}").json())

        assert complete(in_parts, upload, send_parts(found)).status_code == 200


class TestStrangers:
    def test_see_and_complete_nothing(self, client: TestClient, sessions: SessionFactory) -> None:
        upload = begin(client, size_bytes=len(CONTENT))
        put(upload)
        client.headers["Authorization"] = f"Bearer {issue_key(sessions, 'somebody else')}"

        assert code_of(client.get(f"/v1/uploads/{upload.id}")) == (404, "not_found")
        assert code_of(complete(client, upload, [])) == (404, "not_found")


class TestPartSize:
    @given(st.integers(1, 2**43), st.integers(5 * 1024**2, 2**33))
    def test_leaves_no_more_parts_than_an_answer_may_have(self, size_bytes: int, wanted: int) -> None:
        upload = Upload(size_bytes=size_bytes, part_bytes=part_bytes_of(size_bytes, wanted=wanted))

        assert len(upload.part_sizes) <= MOST_PARTS
        assert sum(upload.part_sizes) == size_bytes
        assert all(size >= wanted for size in upload.part_sizes[:-1])
