"""POST /v1/jobs/{id}/retry"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from httpx2 import Response
from sqlalchemy import func, update
from starlette.testclient import TestClient

from api.settings import ApiSettings
from core.database import SessionFactory
from core.storage import PART_BYTES, ObjectStorage
from models import Job
from models.repositories.idempotency_keys import IdempotencyKeyRepository
from models.repositories.jobs import JobRepository
from tests.integration.api import stages
from tests.integration.api.conftest import ClientFactory, issue_key, objects_of, storage_at
from tests.integration.api.faults import LostAnswers, failing_commits
from tests.integration.api.live import until

AUDIO: Final = b"RIFF" + bytes(2000)
OPTIONS: Final = {
    "model": "whisper-base",
    "language": "zh",
    "script": "hant",
    "lane": "bulk",
    "roles": "agent,customer",
    "metadata": '{"customer": "Smith"}',
}


def submitted(client: TestClient, *, audio: bytes = AUDIO, **fields: str) -> uuid.UUID:
    answer = client.post("/v1/jobs", files={"file": ("call.wav", audio)}, data=fields)
    assert answer.status_code == 202, answer.text
    return uuid.UUID(answer.json()["id"])


def retry(client: TestClient, job_id: object, *, key: str | None = None) -> Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(f"/v1/jobs/{job_id}/retry", headers=headers)


@pytest.fixture
def failed(client: TestClient, sessions: SessionFactory) -> uuid.UUID:
    job_id = submitted(client)
    stages.fail(sessions, job_id)
    return job_id


class TestRetry:
    @pytest.mark.parametrize(
        "end", [stages.fail, stages.cancel, stages.expire], ids=lambda end: str(end.__name__)
    )
    def test_is_a_new_job_with_the_same_options_on_the_same_audio(
        self,
        *,
        client: TestClient,
        sessions: SessionFactory,
        storage: ObjectStorage,
        owner_id: uuid.UUID,
        end: Callable[[SessionFactory, uuid.UUID], None],
    ) -> None:
        job_id = submitted(client, **OPTIONS)  # type: ignore[arg-type]
        end(sessions, job_id)
        first = client.get(f"/v1/jobs/{job_id}").json()

        answer = retry(client, job_id)

        second = answer.json()
        assert answer.status_code == 202
        assert answer.headers["Location"] == f"/v1/jobs/{second['id']}"
        assert (second["status"], second["retry_of"], second["error"]) == ("queued", str(job_id), None)
        assert (second["options"], second["metadata"]) == (first["options"], first["metadata"])
        for fact in ("filename", "size_bytes", "sha256"):
            assert second["source"][fact] == first["source"][fact]
        assert client.get(f"/v1/jobs/{job_id}").json() == first
        keys = objects_of(storage, owner_id)
        assert [storage.read(key, first_byte=0, last_byte=len(AUDIO)) for key in keys] == [AUDIO] * 2

    def test_can_be_tried_again_in_its_turn(self, client: TestClient, failed: uuid.UUID) -> None:
        second = retry(client, failed).json()
        client.post(second["links"]["cancel"])

        third = client.post(second["links"]["retry"]).json()

        assert third["retry_of"] == second["id"]

    def test_copies_a_long_recording_too(
        self, client: TestClient, sessions: SessionFactory, storage: ObjectStorage, owner_id: uuid.UUID
    ) -> None:
        job_id = submitted(client, audio=bytes(PART_BYTES + 17))
        stages.fail(sessions, job_id)

        retry(client, job_id)

        assert [storage.head(key).size_bytes for key in objects_of(storage, owner_id)] == [
            PART_BYTES + 17
        ] * 2

    @pytest.mark.parametrize("deleted", [0, 1])
    def test_and_its_origin_can_be_deleted_apart(
        self,
        *,
        client: TestClient,
        storage: ObjectStorage,
        owner_id: uuid.UUID,
        failed: uuid.UUID,
        deleted: int,
    ) -> None:
        jobs = [str(failed), retry(client, failed).json()["id"]]

        client.delete(f"/v1/jobs/{jobs.pop(deleted)}")

        assert client.get(f"/v1/jobs/{jobs[0]}").status_code == 200
        [key] = objects_of(storage, owner_id)
        assert storage.read(key, first_byte=0, last_byte=len(AUDIO)) == AUDIO

    def test_keeps_a_deadline_that_is_ahead_and_no_other(
        self, client: TestClient, sessions: SessionFactory
    ) -> None:
        moment = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
        job_id = submitted(client, expires_at=moment.isoformat())
        stages.expire(sessions, job_id)

        ahead = retry(client, job_id).json()
        with sessions.begin() as session:
            session.execute(update(Job).values(expires_at=func.clock_timestamp()))
        passed = retry(client, job_id).json()

        assert ahead["expires_at"] == moment.isoformat().replace("+00:00", "Z")
        assert passed["expires_at"] is None

    def test_may_reuse_what_was_finished_meanwhile(
        self, client: TestClient, sessions: SessionFactory
    ) -> None:
        job_id = submitted(client, reuse="true")
        stages.fail(sessions, job_id)
        other_id = submitted(client)
        stages.complete(sessions, other_id, {"text": "hello"})

        second = retry(client, job_id).json()

        assert (second["status"], second["reused_from"]) == ("completed", str(other_id))


class TestRefusedRetry:
    @pytest.mark.parametrize("standing", ["queued", "transcribing", "completed"])
    def test_is_one_of_a_job_that_goes_on_or_is_completed(
        self,
        *,
        client: TestClient,
        sessions: SessionFactory,
        storage: ObjectStorage,
        owner_id: uuid.UUID,
        standing: str,
    ) -> None:
        job_id = submitted(client)
        if standing == "transcribing":
            stages.prepare(sessions, job_id)
        if standing == "completed":
            stages.complete(sessions, job_id, {"text": "hello"})

        answer = retry(client, job_id)

        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert len(objects_of(storage, owner_id)) == 1

    def test_is_one_of_a_deleted_job(self, client: TestClient, failed: uuid.UUID) -> None:
        client.delete(f"/v1/jobs/{failed}")

        answer = retry(client, failed)

        assert (answer.status_code, answer.json()["code"]) == (410, "gone")

    def test_is_one_of_a_job_that_is_deleted_while_its_recording_is_copied(
        self,
        *,
        client: TestClient,
        sessions: SessionFactory,
        storage: ObjectStorage,
        owner_id: uuid.UUID,
        failed: uuid.UUID,
    ) -> None:
        with ThreadPoolExecutor(1) as threads, sessions.begin() as eraser:
            job = JobRepository(eraser).locked(failed)
            answer = threads.submit(retry, client, failed)
            until(lambda: len(objects_of(storage, owner_id)) == 2)
            job.erased_at = func.clock_timestamp()

        assert answer.result().status_code == 410
        assert len(objects_of(storage, owner_id)) == 1

    def test_is_one_of_a_job_that_never_was_or_is_somebody_elses(
        self, client: TestClient, sessions: SessionFactory, failed: uuid.UUID
    ) -> None:
        unknown = retry(client, uuid.uuid4())
        client.headers["Authorization"] = f"Bearer {issue_key(sessions, 'somebody else')}"
        foreign = retry(client, failed)

        assert [answer.status_code for answer in (unknown, foreign)] == [404, 404]

    def test_is_one_of_a_model_that_is_not_served_any_more(
        self,
        *,
        client: TestClient,
        client_with: ClientFactory,
        storage: ObjectStorage,
        owner_id: uuid.UUID,
        failed: uuid.UUID,
    ) -> None:
        answer = retry(client_with(models=("whisper-base",)), failed)

        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_model")
        assert len(objects_of(storage, owner_id)) == 1

    def test_is_one_whose_recording_is_lost(
        self, client: TestClient, storage: ObjectStorage, owner_id: uuid.UUID, failed: uuid.UUID
    ) -> None:
        storage.delete_all(f"recordings/{owner_id}/")

        answer = retry(client, failed)

        assert (answer.status_code, answer.json()["code"]) == (404, "object_missing")
        assert len(client.get("/v1/jobs").json()["data"]) == 1

    def test_while_storage_is_away_may_come_again(
        self, client_with: ClientFactory, api_settings: ApiSettings, failed: uuid.UUID
    ) -> None:
        answer = retry(client_with(storage=storage_at(api_settings, 1)), failed)

        assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
        assert answer.headers["Retry-After"]

    def test_leaves_no_copy_when_its_commit_fails(
        self,
        *,
        client: TestClient,
        sessions: SessionFactory,
        storage: ObjectStorage,
        owner_id: uuid.UUID,
        failed: uuid.UUID,
    ) -> None:
        with failing_commits(sessions, "PERFORM pg_terminate_backend(pg_backend_pid())"):
            answer = retry(client, failed)

        assert answer.status_code == 503
        assert len(objects_of(storage, owner_id)) == 1


class TestRepeatedRetry:
    def test_under_one_key_is_one_job(
        self,
        *,
        client: TestClient,
        storage: ObjectStorage,
        owner_id: uuid.UUID,
        failed: uuid.UUID,
    ) -> None:
        first = retry(client, failed, key="again-1")

        second = retry(client, failed, key="again-1")

        assert second.content == first.content
        assert second.headers["Idempotent-Replayed"] == "true"
        assert len(objects_of(storage, owner_id)) == 2

    def test_of_another_job_under_that_key_is_refused(
        self, client: TestClient, sessions: SessionFactory, failed: uuid.UUID
    ) -> None:
        retry(client, failed, key="again-1")
        other = submitted(client)
        stages.fail(sessions, other)

        answer = retry(client, other, key="again-1")

        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")

    def test_while_the_first_is_being_answered_is_in_flight(
        self, client: TestClient, sessions: SessionFactory, owner_id: uuid.UUID, failed: uuid.UUID
    ) -> None:
        with sessions.begin() as elsewhere:
            IdempotencyKeyRepository(elsewhere).hold(owner_id, "again-1")

            answer = retry(client, failed, key="again-1")

        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_in_flight")

    def test_finds_the_job_whose_answer_was_lost(
        self,
        *,
        client: TestClient,
        client_with: ClientFactory,
        storage: ObjectStorage,
        owner_id: uuid.UUID,
        failed: uuid.UUID,
    ) -> None:
        unlucky = client_with()
        LostAnswers(unlucky, stays_away=False)
        unheard = retry(unlucky, failed, key="again-1")

        answer = retry(client, failed, key="again-1")

        assert (unheard.status_code, answer.status_code) == (503, 202)
        assert len(client.get("/v1/jobs").json()["data"]) == 2
        assert len(objects_of(storage, owner_id)) == 2

    def test_of_many_at_once_is_one_job(
        self, client_with: ClientFactory, storage: ObjectStorage, owner_id: uuid.UUID, failed: uuid.UUID
    ) -> None:
        client = client_with()
        with ThreadPoolExecutor(6) as threads:
            answers = list(threads.map(lambda _: retry(client, failed, key="again-1"), range(12)))

        assert {answer.status_code for answer in answers} <= {202, 409}
        assert len({answer.json()["id"] for answer in answers if answer.status_code == 202}) == 1
        assert len(objects_of(storage, owner_id)) == 2
