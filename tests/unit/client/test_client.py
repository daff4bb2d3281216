from __future__ import annotations

import json
import socket
import uuid
from pathlib import Path

import pytest

from client import IMPATIENT, Access, Client, SubmitOptions
from core.errors import (
    Conflict,
    DatabaseUnavailable,
    InvalidRequest,
    NotFound,
    PermanentError,
    ServerBusy,
    ServerUnreachable,
    ServiceError,
    TranscriptNotReady,
    TransientError,
    Unauthenticated,
)
from tests.unit.cli.scripted_api import JOB_ID, KEY, ScriptedApi, job, transcript

JOB = uuid.UUID(JOB_ID)
JOB_PATH = f"/v1/jobs/{JOB_ID}"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "通话.wav"
    path.write_bytes(bytes(range(256)) * 1_000)
    return path


class TestSubmit:
    def test_sends_the_file_and_the_options_that_were_given(
        self, api: ScriptedApi, client: Client, recording: Path
    ) -> None:
        api.answer("POST", "/v1/jobs", job(), status=202)
        options = SubmitOptions(language="zh", roles="agent,customer", metadata={"queue": "退款"})

        submitted = client.submit(recording, options)

        form = api.asked[0].form()
        assert submitted.id == JOB
        assert form.pop("file") == recording.read_bytes()
        assert json.loads(form.pop("metadata")) == {"queue": "退款"}
        assert form == {"language": b"zh", "roles": b"agent,customer"}

    def test_reads_the_file_a_piece_at_a_time(
        self, api: ScriptedApi, client: Client, recording: Path
    ) -> None:
        api.answer("POST", "/v1/jobs", job(), status=202)
        heard: list[int] = []

        client.submit(recording, on_sent=heard.append)

        steps = [later - earlier for earlier, later in zip([0, *heard], heard, strict=False)]
        assert heard[-1] == recording.stat().st_size
        assert max(steps) <= 64 * 1024

    def test_names_each_recording_with_a_key_of_its_own(
        self, api: ScriptedApi, client: Client, recording: Path
    ) -> None:
        api.answer("POST", "/v1/jobs", job(), status=202)

        for key in (None, None, "call-1"):
            client.submit(recording, key=key)

        keys = [asked.headers["Idempotency-Key"] for asked in api.asked]
        assert len(set(keys)) == 3
        assert keys[2] == "call-1"

    def test_takes_what_was_put_into_storage(self, api: ScriptedApi, client: Client) -> None:
        api.answer("POST", "/v1/jobs", job(), status=202)

        client.submit_upload(JOB, SubmitOptions(roles="agent,customer", reuse=True))

        assert json.loads(api.asked[0].body) == {
            "upload_id": JOB_ID,
            "roles": ["agent", "customer"],
            "reuse": True,
        }

    def test_says_who_asks(self, api: ScriptedApi, client: Client, recording: Path) -> None:
        api.answer("POST", "/v1/jobs", job(), status=202)

        client.submit(recording)

        assert api.asked[0].headers["Authorization"] == f"Bearer {KEY}"


class TestReading:
    def test_a_job_can_be_waited_for(self, api: ScriptedApi, client: Client) -> None:
        api.answer("GET", JOB_PATH, job(status="processing", stage="preparing"))

        seen = client.job(JOB, wait=30)

        assert (seen.status, seen.stage, seen.is_final) == ("processing", "preparing", False)
        assert float(api.asked[0].query["wait"]) == 30

    def test_what_a_newer_server_adds_is_kept(self, api: ScriptedApi, client: Client) -> None:
        api.answer("GET", JOB_PATH, job(mood="good"))

        seen = client.job(JOB)

        assert seen.model_dump(mode="json") == job(mood="good")

    def test_the_newest_jobs_are_a_page(self, api: ScriptedApi, client: Client) -> None:
        api.answer("GET", "/v1/jobs", {"data": [job(), job()], "has_more": True, "next_cursor": "c"})

        jobs = client.jobs(limit=2)

        assert [each.id for each in jobs] == [JOB, JOB]
        assert [asked.query for asked in api.asked] == [{"limit": "2"}]

    def test_all_jobs_are_as_many_pages_as_there_are(self, api: ScriptedApi, client: Client) -> None:
        api.answer("GET", "/v1/jobs", {"data": [job()], "has_more": True, "next_cursor": "c"})
        api.answer("GET", "/v1/jobs", {"data": [job()], "has_more": False, "next_cursor": None})

        jobs = list(client.jobs(status=["failed"]))

        assert len(jobs) == 2
        assert [asked.query.get("cursor") for asked in api.asked] == [None, "c"]
        assert {asked.query["status"] for asked in api.asked} == {"failed"}

    def test_a_job_is_followed_until_it_has_ended(self, api: ScriptedApi, client: Client) -> None:
        for status in ("queued", "processing", "failed"):
            api.answer("GET", JOB_PATH, job(status=status))

        assert [seen.status for seen in client.follow(JOB)] == ["queued", "processing", "failed"]

    @pytest.mark.parametrize("status", ["completed", "failed", "canceled", "expired"])
    def test_waiting_ends_however_the_job_ends(self, api: ScriptedApi, client: Client, status: str) -> None:
        api.answer("GET", JOB_PATH, job(status=status))

        assert client.wait(JOB).status == status

    def test_a_transcript_is_read_for_its_dialogue(self, api: ScriptedApi, client: Client) -> None:
        api.answer("GET", f"{JOB_PATH}/transcript", transcript())

        utterances = client.transcript(JOB).utterances

        assert [each.text for each in utterances] == ["How can I help?", "My bill is wrong."]

    def test_a_transcript_comes_in_the_form_that_was_asked_for(
        self, api: ScriptedApi, client: Client
    ) -> None:
        api.answer_text("GET", f"{JOB_PATH}/transcript", "WEBVTT\n\n您好\n")

        text = client.transcript_as(JOB, "vtt")

        assert text == "WEBVTT\n\n您好\n"
        assert api.asked[0].query == {"format": "vtt"}

    def test_models_are_told_by_name(self, api: ScriptedApi, client: Client) -> None:
        api.answer("GET", "/v1/models", {"data": [{"id": "whisper-base"}, {"id": "glm-asr-nano-2512"}]})

        assert client.models() == ["whisper-base", "glm-asr-nano-2512"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (401, Unauthenticated),
            (404, NotFound),
            (409, TranscriptNotReady),
            (503, DatabaseUnavailable),
            (500, ServiceError),
        ],
    )
    def test_are_the_errors_that_the_server_raised(
        self, api: ScriptedApi, client: Client, status: int, kind: type[ServiceError]
    ) -> None:
        api.refuse("GET", JOB_PATH, status=status, code=kind.code, detail="So it is.")

        with pytest.raises(kind, match=r"So it is\.") as refused:
            client.job(JOB)

        assert type(refused.value) is kind

    @pytest.mark.parametrize(
        ("status", "kind"), [(409, Conflict), (418, InvalidRequest), (429, ServerBusy), (502, TransientError)]
    )
    def test_with_a_code_from_the_future_are_known_by_their_status(
        self, api: ScriptedApi, client: Client, status: int, kind: type[ServiceError]
    ) -> None:
        api.refuse("GET", JOB_PATH, status=status, code="not_yet_invented", detail="So it is.")

        with pytest.raises(kind, match=r"So it is\."):
            client.job(JOB)

    def test_of_a_proxy_are_known_by_their_status(self, api: ScriptedApi, client: Client) -> None:
        api.answer_text("GET", JOB_PATH, "<html>Bad Gateway</html>", status=502)

        with pytest.raises(TransientError, match=r"127\.0\.0\.1 answered 502\."):
            client.job(JOB)

    def test_that_are_the_servers_fault_name_the_request(self, api: ScriptedApi, client: Client) -> None:
        api.refuse("GET", JOB_PATH, status=500, code="internal_error", detail="Our fault.")

        with pytest.raises(ServiceError, match=r"Our fault\. \(request r-1\)"):
            client.job(JOB)

    def test_an_answer_that_is_not_ours_is_named(self, api: ScriptedApi, client: Client) -> None:
        api.answer_text("GET", JOB_PATH, "<html>Welcome to the hotel</html>")

        with pytest.raises(PermanentError, match="does not answer as Callscribe does"):
            client.job(JOB)


class TestReaching:
    def test_a_server_that_is_not_there_is_named(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]

        with (
            Client(Access(f"http://127.0.0.1:{port}", KEY), IMPATIENT) as client,
            pytest.raises(ServerUnreachable, match=f"http://127.0.0.1:{port} does not answer"),
        ):
            client.job(JOB)

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
    def test_this_machine_is_reached_without_the_proxy_of_the_environment(
        self, api: ScriptedApi, monkeypatch: pytest.MonkeyPatch, host: str
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        api.answer("GET", JOB_PATH, job())

        with Client(Access(api.url.replace("127.0.0.1", host), KEY), IMPATIENT) as client:
            assert client.job(JOB).id == JOB
