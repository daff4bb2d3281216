from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from client import Client
from core.errors import IdempotencyKeyReused, ServiceError, StorageUnavailable, TransientError
from tests.unit.cli.scripted_api import JOB_ID, Given, ScriptedApi, job

JOB_PATH = f"/v1/jobs/{JOB_ID}"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "call.wav"
    path.write_bytes(bytes(range(256)) * 1_000)
    return path


class TestRepeating:
    @pytest.mark.parametrize(
        ("status", "code"), [(503, "storage_unavailable"), (409, "idempotency_in_flight"), (429, "slow_down")]
    )
    def test_a_recording_is_sent_again_whole_and_under_the_same_key(
        self, api: ScriptedApi, client: Client, recording: Path, status: int, code: str
    ) -> None:
        api.refuse("POST", "/v1/jobs", status=status, code=code, detail="Not now.")
        api.answer("POST", "/v1/jobs", job(), status=202)
        failures: list[ServiceError] = []

        client.submit(recording, on_retry=failures.append)

        keys, files = zip(
            *[(asked.headers["Idempotency-Key"], asked.form()["file"]) for asked in api.asked], strict=True
        )
        assert len(set(keys)) == 1
        assert set(files) == {recording.read_bytes()}
        assert [str(failure)[:8] for failure in failures] == ["Not now."]

    def test_pauses_grow_until_it_is_given_up(
        self, api: ScriptedApi, client: Client, recording: Path, pauses: list[float]
    ) -> None:
        api.refuse("POST", "/v1/jobs", status=503, code="storage_unavailable", detail="It is away.")

        with pytest.raises(StorageUnavailable):
            client.submit(recording)

        assert pauses == [1.0, 2.0]
        assert len(api.asked) == 3

    def test_the_server_may_ask_for_longer_pauses_not_for_shorter_ones(
        self, api: ScriptedApi, client: Client, pauses: list[float]
    ) -> None:
        for seconds in ("7", "0"):
            api.give("GET", JOB_PATH, Given(502, b"", headers={"Retry-After": seconds}))
        api.answer("GET", JOB_PATH, job())

        client.job(uuid.UUID(JOB_ID))

        assert pauses == [7.0, 2.0]

    def test_what_is_refused_is_not_repeated(
        self, api: ScriptedApi, client: Client, recording: Path, pauses: list[float]
    ) -> None:
        api.refuse("POST", "/v1/jobs", status=422, code="idempotency_key_reused", detail="No.")

        with pytest.raises(IdempotencyKeyReused):
            client.submit(recording)

        assert pauses == []

    def test_a_connection_that_breaks_is_no_answer(self, api: ScriptedApi, client: Client) -> None:
        api.give("GET", JOB_PATH, Given(200, b"{", missing=100))
        api.answer("GET", JOB_PATH, job())

        assert client.job(uuid.UUID(JOB_ID)).status == "queued"

    def test_a_bug_of_the_server_is_not_tried_again(
        self, api: ScriptedApi, client: Client, pauses: list[float]
    ) -> None:
        api.refuse("GET", JOB_PATH, status=500, code="internal_error", detail="Our fault.")

        with pytest.raises(ServiceError, match=r"Our fault\.") as raised:
            client.job(uuid.UUID(JOB_ID))

        assert not isinstance(raised.value, TransientError)
        assert pauses == []
