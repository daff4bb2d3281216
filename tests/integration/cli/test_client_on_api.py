"""The client and the real API, over a real connection."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from client import Access, Client, SubmitOptions
from core.database import SessionFactory
from core.errors import (
    EmptyRecording,
    InvalidRequest,
    NotFound,
    ServiceError,
    TranscriptNotReady,
    Unauthenticated,
    UnknownModel,
    UnsupportedOption,
)
from core.storage import ObjectStorage
from models.api_key_format import new_api_key
from tests.integration.cli.owners import issue_key
from tests.integration.cli.stand_in import complete


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "通话 “1”.wav"
    path.write_bytes(bytes(range(256)) * 1_000)
    return path


class TestClient:
    def test_a_recording_goes_in_and_its_transcript_comes_out(
        self, client: Client, sessions: SessionFactory, recording: Path
    ) -> None:
        submitted = client.submit(recording)
        complete(sessions, submitted.id)

        ended = client.wait(submitted.id)

        assert (ended.name, ended.status, ended.progress) == (recording.name, "completed", 1.0)
        assert [each.text for each in client.transcript(ended.id).utterances] == ["Hello.", "您好。"]
        assert client.transcript_as(ended.id, "text") == (
            "[00:00:00] agent: Hello.\n[00:00:00] channel 1: 您好。\n"
        )
        assert client.transcript_as(ended.id, "vtt").startswith("WEBVTT\n")

    def test_the_server_understands_every_option(self, client: Client, recording: Path) -> None:
        options = SubmitOptions(
            model="whisper-base",
            language="zh",
            lane="bulk",
            roles="agent,customer",
            metadata={"queue": "退款"},
            script="hant",
        )

        answered = client.submit(recording, options).model_dump(mode="json")

        assert answered["options"] == {
            "model": "whisper-base",
            "language": "zh",
            "script": "hant",
            "lane": "bulk",
            "roles": {"0": "agent", "1": "customer"},
            "reuse": False,
            "webhook_url": None,
        }
        assert answered["metadata"] == {"queue": "退款"}
        assert answered["source"]["size_bytes"] == 256_000

    def test_a_recording_that_is_sent_twice_under_one_key_is_one_job(
        self, client: Client, recording: Path
    ) -> None:
        first, again = (client.submit(recording, key="call-1") for _ in range(2))

        assert first == again
        assert [job.id for job in client.jobs(limit=5)] == [first.id]

    def test_the_newest_jobs_come_first(self, client: Client, recording: Path) -> None:
        ids = [client.submit(recording).id for _ in range(3)]

        assert [job.id for job in client.jobs(limit=2)] == ids[:0:-1]

    def test_all_jobs_are_told_of_page_by_page(
        self, client: Client, recording: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ids = [client.submit(recording).id for _ in range(3)]
        monkeypatch.setattr("client.client.PAGE", 2)

        assert [job.id for job in client.jobs(status=["queued"])] == ids[::-1]

    def test_a_recording_goes_past_the_api_into_storage(self, client: Client, recording: Path) -> None:
        heard: list[int] = []

        upload_id = client.uploads.put(recording, on_sent=heard.append)
        job = client.submit_upload(upload_id, SubmitOptions(roles={"1": "customer"}))

        assert heard[-1] == recording.stat().st_size
        assert job.name == recording.name
        assert job.model_dump(mode="json")["source"]["size_bytes"] == 256_000

    def test_a_large_recording_goes_there_in_parts(
        self, client: Client, tmp_path: Path, storage: ObjectStorage
    ) -> None:
        content = os.urandom(11_000_000)
        (tmp_path / "long.wav").write_bytes(content)

        upload_id = client.uploads.put(tmp_path / "long.wav")

        upload = client.uploads.get(upload_id)
        job = client.submit_upload(upload_id)
        [key] = [key for key in storage.keys("recordings/") if str(upload_id) in key]
        assert (upload.status, client.uploads.get(upload_id).status) == ("complete", "used")
        assert job.model_dump(mode="json")["source"]["size_bytes"] == len(content)
        assert storage.read(key, first_byte=0, last_byte=len(content)) == content

    def test_an_empty_file_may_be_put_into_storage(self, client: Client, tmp_path: Path) -> None:
        empty = tmp_path / "empty.wav"
        empty.touch()

        upload_id = client.uploads.put(empty)

        with pytest.raises(EmptyRecording):
            client.submit_upload(upload_id)

    def test_a_job_can_be_canceled_and_is_told_of_in_the_feed(self, client: Client, recording: Path) -> None:
        feed = client.events()
        submitted = client.submit(recording)

        canceled = client.cancel(submitted.id)

        assert canceled.status == "canceled"
        (event,) = feed
        assert (event.type, event.data["job_id"]) == ("job.canceled", str(submitted.id))
        assert list(feed) == []

    def test_models_are_those_that_the_server_serves(self, client: Client) -> None:
        assert client.models() == ["scripted", "whisper-base"]


class TestRefusals:
    def test_an_empty_file_is_refused(self, client: Client, tmp_path: Path) -> None:
        empty = tmp_path / "empty.wav"
        empty.touch()

        with pytest.raises(EmptyRecording):
            client.submit(empty)

    @pytest.mark.parametrize(
        ("options", "kind"),
        [
            (SubmitOptions(model="psychic"), UnknownModel),
            (SubmitOptions(model="whisper-base", language="xx"), UnsupportedOption),
            (SubmitOptions(roles="AGENT!"), InvalidRequest),
        ],
    )
    def test_options_that_cannot_be_are_refused(
        self, client: Client, recording: Path, options: SubmitOptions, kind: type[ServiceError]
    ) -> None:
        with pytest.raises(kind):
            client.submit(recording, options)

    def test_a_transcript_before_its_time_is_refused(self, client: Client, recording: Path) -> None:
        submitted = client.submit(recording)

        with pytest.raises(TranscriptNotReady, match="not ready yet"):
            client.transcript(submitted.id)

    def test_another_owners_job_is_absent(
        self, client: Client, address: str, sessions: SessionFactory, recording: Path
    ) -> None:
        submitted = client.submit(recording)
        foreign_key = issue_key(sessions, "stranger")

        with Client(Access(address, foreign_key)) as foreign, pytest.raises(NotFound):
            foreign.job(submitted.id)

    def test_a_key_that_opens_nothing_is_refused_even_with_a_large_file(
        self, address: str, sessions: SessionFactory, tmp_path: Path
    ) -> None:
        large = tmp_path / "large.wav"
        large.write_bytes(bytes(8 * 1024 * 1024))

        with Client(Access(address, new_api_key().shown)) as client, pytest.raises(Unauthenticated):
            client.submit(large)
