"""Idempotency-Key: what is sent again is answered again, and nothing is done twice."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import httpx
import pytest
from httpx2 import Response
from sqlalchemy import func, select, update
from starlette.testclient import TestClient

from api.settings import ApiSettings
from client.uploads import Upload
from core.database import SessionFactory
from core.storage import PART_BYTES, ObjectStorage
from models import IdempotencyKey, Job
from models.repositories.idempotency_keys import IdempotencyKeyRepository
from tests.integration.api import stages
from tests.integration.api.conftest import ClientFactory, issue_key, objects_of, storage_at, unfinished_of
from tests.integration.api.faults import LostAnswers, failing_commits
from tests.integration.api.live import FILE_END, FILE_HEAD, answer_on, served

KEY: Final = "call-0815"
AUDIO: Final = b"RIFF" + bytes(2000)
REPLAYED: Final = "Idempotent-Replayed"


def send(client: TestClient, *, key: str | None = KEY, audio: bytes = AUDIO, **fields: str) -> Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post("/v1/jobs", files={"file": ("call.wav", audio)}, data=fields, headers=headers)


def send_upload(client: TestClient, upload_id: str, *, key: str = KEY, **options: str) -> Response:
    headers = {"Idempotency-Key": key}
    return client.post("/v1/jobs", json={"upload_id": upload_id, **options}, headers=headers)


def uploaded(client: TestClient) -> str:
    upload = Upload.model_validate(client.post("/v1/uploads", json={}).json())
    httpx.put(str(upload.url), content=AUDIO, headers=upload.headers).raise_for_status()
    return str(upload.id)


def jobs(sessions: SessionFactory) -> int:
    with sessions.begin() as session:
        return session.scalar(select(func.count()).select_from(Job)) or 0


def let_keys_expire(sessions: SessionFactory) -> None:
    with sessions.begin() as session:
        session.execute(update(IdempotencyKey).values(expires_at=func.clock_timestamp()))


class TestRepeatedRequest:
    def test_is_answered_as_before_and_does_nothing_twice(
        self, client: TestClient, sessions: SessionFactory, storage: ObjectStorage, owner_id: uuid.UUID
    ) -> None:
        first = send(client, roles="agent,customer", metadata='{"b": 1, "a": [1.0, null]}')
        stages.complete(sessions, uuid.UUID(first.json()["id"]), {"text": "hello"})

        again = send(client, roles="agent,customer", metadata='{"b": 1, "a": [1.0, null]}')

        assert (again.status_code, again.content) == (202, first.content)
        assert again.headers["Location"] == first.headers["Location"]
        assert again.headers[REPLAYED] == "true"
        assert REPLAYED not in first.headers
        assert jobs(sessions) == 1
        assert len(objects_of(storage, owner_id)) == 1

    def test_of_several_parts_is_not_stored_again(
        self, client: TestClient, storage: ObjectStorage, owner_id: uuid.UUID
    ) -> None:
        audio = bytes(PART_BYTES + 17)
        first = send(client, audio=audio)

        again = send(client, audio=audio)

        assert again.content == first.content
        assert len(objects_of(storage, owner_id)) == 1
        assert unfinished_of(storage, owner_id) == []

    def test_may_spell_its_options_in_another_way(self, client: TestClient) -> None:
        first = send(client, roles="agent,customer", lane="live", metadata='{"a": 1, "b": 2}')

        again = send(client, roles='{"1": "customer", "0": "agent"}', metadata='{"b": 2, "a": 1}')

        assert again.content == first.content

    def test_with_an_upload_is_answered_although_the_upload_is_used(
        self, client: TestClient, sessions: SessionFactory
    ) -> None:
        upload_id = uploaded(client)
        first = send_upload(client, upload_id, lane="bulk")

        again = send_upload(client, upload_id, lane="bulk")

        assert (again.status_code, again.content) == (202, first.content)
        assert again.headers[REPLAYED] == "true"
        assert jobs(sessions) == 1

    def test_needs_no_storage(
        self, client: TestClient, client_with: ClientFactory, api_settings: ApiSettings
    ) -> None:
        first = send(client)

        again = send(client_with(storage=storage_at(api_settings, 1)))

        assert (again.status_code, again.content) == (202, first.content)

    def test_goes_on_to_be_answered_by_a_server_that_serves_other_models(
        self, client: TestClient, client_with: ClientFactory
    ) -> None:
        first = send(client, model="whisper-base")

        again = send(client_with(models=("scripted",)), model="whisper-base")

        assert again.content == first.content

    def test_under_another_key_or_none_is_another_job(
        self, client: TestClient, sessions: SessionFactory
    ) -> None:
        for key in (KEY, "call-0816", None, None):
            assert REPLAYED not in send(client, key=key).headers

        assert jobs(sessions) == 4

    def test_of_another_owner_is_that_owners(self, client: TestClient, sessions: SessionFactory) -> None:
        first = send(client)
        client.headers["Authorization"] = f"Bearer {issue_key(sessions, 'somebody else')}"

        other = send(client)

        assert (other.status_code, REPLAYED in other.headers) == (202, False)
        assert other.json()["id"] != first.json()["id"]


class TestOtherRequest:
    @pytest.mark.parametrize(
        "change", [{"audio": b"RIFF"}, {"lane": "bulk"}, {"language": "zh"}, {"metadata": '{"a": 1}'}]
    )
    def test_under_the_same_key_is_refused_and_stored_nowhere(
        self,
        *,
        client: TestClient,
        sessions: SessionFactory,
        storage: ObjectStorage,
        owner_id: uuid.UUID,
        change: dict[str, str],
    ) -> None:
        send(client)

        other = send(client, **change)  # type: ignore[arg-type]

        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
        assert jobs(sessions) == 1
        assert len(objects_of(storage, owner_id)) == 1

    def test_may_be_one_on_another_upload(self, client: TestClient) -> None:
        send_upload(client, uploaded(client))

        other = send_upload(client, uploaded(client))

        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


class TestRefusedRequest:
    def test_leaves_its_key_free(self, client: TestClient, sessions: SessionFactory) -> None:
        refused = send(client, model="whisper-small")

        accepted = send(client, model="whisper-base")

        assert (refused.status_code, accepted.status_code) == (422, 202)
        assert REPLAYED not in accepted.headers

    def test_for_want_of_storage_leaves_its_key_free(
        self, client: TestClient, client_with: ClientFactory, api_settings: ApiSettings
    ) -> None:
        refused = send(client_with(storage=storage_at(api_settings, 1)))

        assert refused.status_code == 503
        assert send(client).status_code == 202

    def test_at_commit_leaves_its_key_free(self, client: TestClient, sessions: SessionFactory) -> None:
        with failing_commits(sessions, "PERFORM pg_terminate_backend(pg_backend_pid())"):
            refused = send(client)

        assert refused.status_code == 503
        assert (send(client).status_code, jobs(sessions)) == (202, 1)


class TestUnheardCommit:
    def test_is_found_by_the_next_try(
        self,
        *,
        client: TestClient,
        client_with: ClientFactory,
        sessions: SessionFactory,
        storage: ObjectStorage,
        owner_id: uuid.UUID,
    ) -> None:
        unlucky = client_with()
        LostAnswers(unlucky, stays_away=False)
        unheard = send(unlucky)

        again = send(client)

        assert (unheard.status_code, again.status_code) == (503, 202)
        assert again.headers[REPLAYED] == "true"
        assert jobs(sessions) == 1
        [key] = objects_of(storage, owner_id)
        assert storage.read(key, first_byte=0, last_byte=len(AUDIO)) == AUDIO


class TestKey:
    @pytest.mark.parametrize("name", ["", "x" * 256, "two words", "schl\xfcssel", "tab\tbed"])
    def test_is_visible_ascii_of_some_length(self, client: TestClient, name: str) -> None:
        headers = [(b"Idempotency-Key", name.encode("latin-1"))]

        answer = client.post("/v1/jobs", files={"file": ("call.wav", AUDIO)}, headers=headers)

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
        assert answer.json()["errors"][0]["pointer"] == "/header/Idempotency-Key"

    @pytest.mark.parametrize("name", ["x" * 255, '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "!~"])
    def test_is_otherwise_its_callers_affair(self, client: TestClient, name: str) -> None:
        first = send(client, key=name)

        assert send(client, key=name).content == first.content


class TestRequestInFlight:
    def test_keeps_another_out_before_its_body_is_read(
        self, api_settings: ApiSettings, sessions: SessionFactory, key: str
    ) -> None:
        body = FILE_HEAD + AUDIO + FILE_END
        with served(api_settings, key) as api:
            named = {"Idempotency_Key": KEY, "Content_Length": str(len(body))}
            with api.upload(**named, Expect="100-continue") as first:
                # Whoever asks for the body is inside.
                assert first.recv(12) == b"HTTP/1.1 100"
                with api.upload(**named) as second:
                    refusal = answer_on(second)
                first.sendall(body)
                acceptance = answer_on(first)
            with api.upload(**named) as third:
                third.sendall(body)
                replay = answer_on(third)

        assert refusal.startswith("HTTP/1.1 409")
        assert '"idempotency_in_flight"' in refusal
        assert "retry-after: " in refusal.lower()
        assert "HTTP/1.1 202" in acceptance
        assert "idempotent-replayed: true" in replay.lower()
        assert jobs(sessions) == 1

    def test_of_another_process_keeps_it_out_as_well(
        self,
        *,
        client: TestClient,
        sessions: SessionFactory,
        storage: ObjectStorage,
        owner_id: uuid.UUID,
    ) -> None:
        upload_id = uploaded(client)
        with sessions.begin() as elsewhere:
            IdempotencyKeyRepository(elsewhere).hold(owner_id, KEY)

            answers = [send(client), send_upload(client, upload_id)]

        assert [answer.json()["code"] for answer in answers] == ["idempotency_in_flight"] * 2
        assert answers[0].headers["Retry-After"]
        assert len(objects_of(storage, owner_id)) == 1

    def test_of_another_owner_keeps_nobody_out(self, client: TestClient, sessions: SessionFactory) -> None:
        with sessions.begin() as elsewhere:
            IdempotencyKeyRepository(elsewhere).hold(uuid.uuid4(), KEY)

            assert send(client).status_code == 202

    def test_that_was_answered_elsewhere_meanwhile_is_a_replay(
        self,
        *,
        api_settings: ApiSettings,
        client: TestClient,
        sessions: SessionFactory,
        storage: ObjectStorage,
        owner_id: uuid.UUID,
        key: str,
    ) -> None:
        body = FILE_HEAD + AUDIO + FILE_END
        named = {"Idempotency_Key": KEY, "Content_Length": str(len(body)), "Expect": "100-continue"}
        with served(api_settings, key) as api, api.upload(**named) as slow:
            assert slow.recv(12) == b"HTTP/1.1 100"
            first = send(client)
            slow.sendall(body)
            replay = answer_on(slow)

        assert "HTTP/1.1 202" in replay
        assert replay.endswith(first.text)
        assert jobs(sessions) == 1
        assert len(objects_of(storage, owner_id)) == 1

    def test_of_two_processes_make_one_job(
        self,
        client_with: ClientFactory,
        sessions: SessionFactory,
        storage: ObjectStorage,
        owner_id: uuid.UUID,
    ) -> None:
        processes = [client_with(), client_with()]

        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda turn: send(processes[turn % 2]), range(16)))

        accepted = {answer.json()["id"] for answer in answers if answer.status_code == 202}
        refused = {answer.json()["code"] for answer in answers if answer.status_code != 202}
        assert len(accepted) == 1
        assert refused <= {"idempotency_in_flight"}
        assert jobs(sessions) == 1
        assert len(objects_of(storage, owner_id)) == 1


class TestKeyOfADeletedJob:
    def test_stays_taken_and_says_so(self, client: TestClient, sessions: SessionFactory) -> None:
        job_id = send(client, metadata='{"customer": "Smith"}').json()["id"]
        client.delete(f"/v1/jobs/{job_id}")

        again = send(client, metadata='{"customer": "Smith"}')

        assert (again.status_code, again.json()["code"]) == (410, "gone")
        assert jobs(sessions) == 1
        with sessions.begin() as session:
            assert session.scalars(select(IdempotencyKey.response)).one() == ""


class TestExpiredKey:
    def test_is_a_new_one(self, client: TestClient, sessions: SessionFactory) -> None:
        first = send(client)
        let_keys_expire(sessions)

        second = send(client, lane="bulk")

        assert (second.status_code, REPLAYED in second.headers) == (202, False)
        assert second.json()["id"] != first.json()["id"]
        assert send(client, lane="bulk").content == second.content
