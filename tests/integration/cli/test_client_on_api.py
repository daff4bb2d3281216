"""The client and the real API, over a real connection."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import uvicorn
from pydantic import SecretStr

from api.app import create_app
from api.server import ApiServer
from api.settings import ApiSettings
from client import Access, Client, Job, SubmitOptions
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
from models import ApiKey, JobStage, Transcript
from models.api_key_format import digest, new_api_key
from models.repositories import clock
from models.repositories.api_keys import ApiKeyRepository
from models.repositories.endings import Endings
from models.repositories.jobs import JobRepository
from models.repositories.owners import OwnerRepository
from models.transcript_content import as_json
from tests.unit.finishing.calls import Said, transcript_of


@pytest.fixture(scope="module")
def address(database_url: SecretStr, environment: dict[str, str]) -> Iterator[str]:
    """Where an API of its own answers."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setenv("CALLSCRIBE_MODELS", '["scripted", "whisper-base"]')
        app = create_app(ApiSettings())
    listener = socket.create_server(("127.0.0.1", 0))
    server = ApiServer(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5), app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def key(sessions: SessionFactory) -> str:
    return issue_key(sessions, "tests")


@pytest.fixture
def client(address: str, key: str) -> Iterator[Client]:
    with Client(Access(address, key)) as client:
        yield client


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "通话 “1”.wav"
    path.write_bytes(bytes(range(256)) * 1_000)
    return path


def issue_key(sessions: SessionFactory, owner: str) -> str:
    made = new_api_key()
    with sessions.begin() as session:
        owner_id = OwnerRepository(session).named(owner).id
        row = ApiKey(owner_id=owner_id, name="test", prefix=made.prefix, secret_sha256=digest(made.secret))
        ApiKeyRepository(session).add(row)
    return made.shown


def complete(sessions: SessionFactory, job: Job) -> None:
    """What the workers do, without them."""
    content = transcript_of(Said(0, 0, 900, "Hello."), Said(1, 900, 1_800, "您好。"), roles={"0": "agent"})
    ttl = timedelta(minutes=1)
    with sessions.begin() as session:
        row = JobRepository(session).claim(job.id, JobStage.PREPARING, ttl=ttl)
        row.advance(JobStage.FINISHING, at=clock.now(session))
        session.flush()
        row = JobRepository(session).claim(job.id, JobStage.FINISHING, ttl=ttl)
        Endings(session).complete(row, Transcript(job_id=job.id, content=as_json(content)))


class TestClient:
    def test_a_recording_goes_in_and_its_transcript_comes_out(
        self, client: Client, sessions: SessionFactory, recording: Path
    ) -> None:
        submitted = client.submit(recording)
        complete(sessions, submitted)

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
        )

        answered = client.submit(recording, options).model_dump(mode="json")

        assert answered["options"] == {
            "model": "whisper-base",
            "language": "zh",
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
