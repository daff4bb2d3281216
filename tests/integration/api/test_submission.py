"""POST /v1/jobs with a form."""

from __future__ import annotations

import hashlib
import json
import uuid

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from api.settings import ApiSettings
from core.database import SessionFactory
from core.storage import PART_BYTES, ObjectStorage
from models.job import Job
from models.recording import Recording
from models.states import JobState, Lane
from tests.integration.api.conftest import ClientFactory, objects_of, storage_at, unfinished_of
from tests.integration.api.faults import LostAnswers, failing_commits

WAV = ("通话 1.wav", b"RIFF" + bytes(2000), "audio/wav")


def submitted(client: TestClient, **fields: str) -> dict[str, object]:
    answer = client.post("/v1/jobs", files={"file": WAV}, data=fields)
    assert answer.status_code == 202, answer.text
    job: dict[str, object] = answer.json()
    return job


class TestAcceptedRecording:
    def test_is_a_queued_job_with_its_place_in_the_answer(self, client: TestClient) -> None:
        answer = client.post("/v1/jobs", files={"file": WAV})

        job = answer.json()
        assert answer.status_code == 202
        assert answer.headers["Location"] == f"/v1/jobs/{job['id']}" == job["links"]["self"]
        assert client.get(answer.headers["Location"]).json() == job
        assert job["source"] == {
            "filename": "通话 1.wav",
            "size_bytes": len(WAV[1]),
            "sha256": hashlib.sha256(WAV[1]).hexdigest(),
            "duration_ms": None,
            "channel_count": None,
            "sample_rate": None,
            "container": None,
            "codec": None,
            "erased_at": None,
        }
        assert (job["object"], job["status"], job["stage"], job["progress"]) == ("job", "queued", None, 0.0)
        assert (job["attempt"], job["channels"], job["error"], job["started_at"]) == (1, [], None, None)

    def test_lies_in_storage_byte_for_byte(
        self, client: TestClient, storage: ObjectStorage, owner_id: uuid.UUID
    ) -> None:
        submitted(client)

        [key] = objects_of(storage, owner_id)
        assert storage.read(key, first_byte=0, last_byte=len(WAV[1])) == WAV[1]

    def test_takes_its_options_from_the_fields_of_the_form(self, client: TestClient) -> None:
        job = submitted(
            client,
            model="whisper-base",
            language="zh",
            script="hans",
            lane="bulk",
            roles="agent,customer",
            metadata='{"agent": "007"}',
        )

        assert job["options"] == {
            "model": "whisper-base",
            "language": "zh",
            "script": "hans",
            "lane": "bulk",
            "roles": {"0": "agent", "1": "customer"},
            "reuse": False,
            "webhook_url": None,
        }
        assert job["metadata"] == {"agent": "007"}

    def test_has_the_effective_options_echoed_where_none_were_given(self, client: TestClient) -> None:
        job = submitted(client)

        assert job["options"] == {
            "model": "scripted",
            "language": None,
            "script": "as_is",
            "lane": "live",
            "roles": {},
            "reuse": False,
            "webhook_url": None,
        }

    def test_gets_a_fair_place_by_its_size(self, client: TestClient, sessions: SessionFactory) -> None:
        job = submitted(client)

        with sessions.begin() as session:
            row = session.get_one(Job, uuid.UUID(str(job["id"])))
        assert (row.state, row.lane) == (JobState.QUEUED, Lane.LIVE)
        assert row.vft == pytest.approx(len(WAV[1]) / 16_000)

    @pytest.mark.parametrize("size", [1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES, 2 * PART_BYTES + 17])
    def test_is_whole_whatever_its_size_in_parts(
        self, client: TestClient, storage: ObjectStorage, owner_id: uuid.UUID, size: int
    ) -> None:
        before = set(objects_of(storage, owner_id))
        content = hashlib.shake_256(b"call").digest(size)

        job = client.post("/v1/jobs", files={"file": ("a", content)}).json()

        [key] = set(objects_of(storage, owner_id)) - before
        assert storage.read(key, first_byte=0, last_byte=size) == content
        assert job["source"]["sha256"] == hashlib.sha256(content).hexdigest()
        assert job["source"]["size_bytes"] == size


class TestRefusedRecording:
    @pytest.mark.parametrize(
        ("fields", "status", "code"),
        [
            ({"model": "whisper-small"}, 422, "unknown_model"),
            ({"model": "whisper-tiny.en", "language": "zh"}, 422, "unsupported_option"),
            ({"language": "tlh", "model": "whisper-base"}, 422, "unsupported_option"),
            ({"language": "en", "script": "hans"}, 422, "unsupported_option"),
            ({"script": "simplified"}, 422, "invalid_request"),
            ({"hotwords": "refund"}, 422, "invalid_request"),
            ({"lane": "fast"}, 422, "invalid_request"),
            ({"roles": "Agent Smith"}, 422, "invalid_request"),
            ({"metadata": "[]"}, 422, "invalid_request"),
            ({"metadata": json.dumps({"x": "y" * 20_000})}, 422, "invalid_request"),
            ({"metadata": "x" * 70_000}, 400, "malformed_body"),
        ],
    )
    def test_leaves_no_object_and_no_job(
        self,
        *,
        client: TestClient,
        storage: ObjectStorage,
        owner_id: uuid.UUID,
        fields: dict[str, str],
        status: int,
        code: str,
    ) -> None:
        answer = client.post("/v1/jobs", files={"file": WAV}, data=fields)

        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert objects_of(storage, owner_id) == []
        assert client.get("/v1/jobs").json()["data"] == []

    def test_names_the_option_that_is_wrong(self, client: TestClient) -> None:
        answer = client.post("/v1/jobs", files={"file": WAV}, data={"hotwords": "x", "lane": "fast"})

        pointers = {part["pointer"]: part["code"] for part in answer.json()["errors"]}
        assert pointers == {"/body/hotwords": "extra_forbidden", "/body/lane": "enum"}

    @pytest.mark.parametrize(
        ("files", "status", "code"),
        [
            ({"file": ("a.wav", b"")}, 422, "audio_empty"),
            ([("file", ("a.wav", b"1")), ("file", ("b.wav", b"2"))], 422, "invalid_request"),
            ({"recording": ("a.wav", b"1")}, 422, "invalid_request"),
            ({"file": ("a.wav", b"1"), "other": ("b.wav", b"2")}, 422, "invalid_request"),
        ],
    )
    def test_has_one_file_with_something_in_it(
        self,
        *,
        client: TestClient,
        storage: ObjectStorage,
        owner_id: uuid.UUID,
        files: object,
        status: int,
        code: str,
    ) -> None:
        answer = client.post("/v1/jobs", files=files)  # type: ignore[arg-type]

        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert objects_of(storage, owner_id) == []

    @pytest.mark.parametrize(
        ("headers", "content", "status", "code"),
        [
            ({"Content-Type": "multipart/form-data"}, b"--x--", 400, "malformed_body"),
            ({"Content-Type": "multipart/form-data; boundary=x"}, b"nonsense", 400, "malformed_body"),
            ({"Content-Type": "multipart/form-data; boundary=x"}, b"", 400, "malformed_body"),
            ({"Content-Type": "audio/wav"}, b"RIFF", 415, "unsupported_media_type"),
            ({}, b"RIFF", 415, "unsupported_media_type"),
            (
                {"Content-Type": "application/json", "Content-Encoding": "gzip"},
                b"\x1f\x8b",
                415,
                "unsupported_media_type",
            ),
        ],
    )
    def test_comes_in_a_body_that_can_be_read(
        self, *, client: TestClient, headers: dict[str, str], content: bytes, status: int, code: str
    ) -> None:
        answer = client.post("/v1/jobs", headers=headers, content=content)

        assert (answer.status_code, answer.json()["code"]) == (status, code)

    def test_that_is_cut_after_some_parts_leaves_nothing(
        self, client: TestClient, storage: ObjectStorage, owner_id: uuid.UUID
    ) -> None:
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'

        answer = client.post(
            "/v1/jobs",
            headers={"Content-Type": "multipart/form-data; boundary=x"},
            content=head + bytes(PART_BYTES * 2),
        )

        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")
        assert objects_of(storage, owner_id) == []
        assert unfinished_of(storage, owner_id) == []

    def test_that_is_too_large_is_named(
        self, client_with: ClientFactory, storage: ObjectStorage, owner_id: uuid.UUID
    ) -> None:
        client = client_with(max_upload_bytes=1000)

        answer = client.post("/v1/jobs", files={"file": WAV})

        assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
        assert objects_of(storage, owner_id) == []

    def test_may_be_sent_again_when_storage_was_away(
        self, client_with: ClientFactory, api_settings: ApiSettings
    ) -> None:
        client = client_with(storage=storage_at(api_settings, 1))

        answer = client.post("/v1/jobs", files={"file": WAV})

        assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
        assert answer.headers["Retry-After"]


class TestFailedCommit:
    @pytest.mark.parametrize(
        ("statement", "status", "code"),
        [
            ("RAISE EXCEPTION 'no room'", 500, "internal_error"),
            ("PERFORM pg_terminate_backend(pg_backend_pid())", 503, "database_unavailable"),
        ],
    )
    def test_is_never_answered_with_202_and_leaves_no_object(
        self,
        *,
        client: TestClient,
        storage: ObjectStorage,
        sessions: SessionFactory,
        owner_id: uuid.UUID,
        statement: str,
        status: int,
        code: str,
    ) -> None:
        with failing_commits(sessions, statement):
            answer = client.post("/v1/jobs", files={"file": WAV})

        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert "no room" not in answer.text
        assert objects_of(storage, owner_id) == []
        assert client.get("/v1/jobs").json()["data"] == []
        with sessions.begin() as session:
            assert session.scalars(select(Recording)).all() == []


class TestUnheardCommit:
    @pytest.mark.parametrize("stays_away", [False, True])
    def test_keeps_the_audio_of_a_job_that_was_or_may_have_been_accepted(
        self,
        *,
        client: TestClient,
        client_with: ClientFactory,
        storage: ObjectStorage,
        owner_id: uuid.UUID,
        stays_away: bool,
    ) -> None:
        unlucky = client_with()
        LostAnswers(unlucky, stays_away=stays_away)

        answer = unlucky.post("/v1/jobs", files={"file": WAV})

        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        [job] = client.get("/v1/jobs").json()["data"]
        assert job["status"] == "queued"
        assert len(objects_of(storage, owner_id)) == 1
