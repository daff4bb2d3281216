"""POST /v1/audio/transcriptions, asked by OpenAI's own client."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import openai
import pytest
from openai import OpenAI
from sqlalchemy import select

from api.settings import ApiSettings
from core.database import SessionFactory
from models.base import JsonObject
from models.job import Job
from models.transcript_content import as_json
from tests.integration.api import stages
from tests.integration.api.live import LiveApi, served, until
from tests.integration.api.test_transcripts import CONTENT

CALL = ("call.wav", b"RIFF")

Worker = Callable[[SessionFactory, uuid.UUID], None]


@pytest.fixture(scope="module")
def live(api_settings: ApiSettings) -> Iterator[LiveApi]:
    with served(api_settings, "") as api:
        yield api


@pytest.fixture(scope="module")
def impatient(api_settings: ApiSettings) -> Iterator[LiveApi]:
    changes = {"transcription_timeout": timedelta(seconds=0.1)}
    with served(api_settings.model_copy(update=changes), "") as api:
        yield api


def client_of(api: LiveApi, key: str) -> OpenAI:
    return OpenAI(base_url=f"http://127.0.0.1:{api.port}/v1", api_key=key, max_retries=2, timeout=60)


@pytest.fixture
def client(live: LiveApi, key: str) -> Iterator[OpenAI]:
    with client_of(live, key) as client:
        yield client


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def finish(sessions: SessionFactory, job_id: uuid.UUID) -> None:
    content: JsonObject = as_json(CONTENT)
    stages.complete(sessions, job_id, content)


@pytest.fixture
def worked_on(
    pool: ThreadPoolExecutor, sessions: SessionFactory, owner_id: uuid.UUID
) -> Callable[[Worker], Future[uuid.UUID]]:
    """The next job of this owner, ended by a worker."""

    def jobs() -> set[uuid.UUID]:
        with sessions.begin() as session:
            return set(session.scalars(select(Job.id).where(Job.owner_id == owner_id)))

    def work(worker: Worker) -> Future[uuid.UUID]:
        before = jobs()

        def run() -> uuid.UUID:
            until(lambda: bool(jobs() - before))
            [job_id] = jobs() - before
            worker(sessions, job_id)
            return job_id

        return pool.submit(run)

    return work


WorkedOn = Callable[[Worker], Future[uuid.UUID]]


class TestTranscription:
    def test_comes_back_as_the_client_reads_it(self, client: OpenAI, worked_on: WorkedOn) -> None:
        worked_on(finish)

        transcription = client.audio.transcriptions.create(model="scripted", file=CALL, language="zh")

        assert transcription.text == "您好,请讲。"

    def test_has_segments_if_it_is_to_be_verbose(self, client: OpenAI, worked_on: WorkedOn) -> None:
        worked_on(finish)

        transcription = client.audio.transcriptions.create(
            model="scripted",
            file=CALL,
            response_format="verbose_json",
            timestamp_granularities=["segment"],
            temperature=0,
        )

        assert transcription.duration == 5.0
        assert transcription.segments is not None
        assert [(segment.start, segment.end) for segment in transcription.segments] == [(1.0, 3.0)]

    def test_may_be_plain_text(self, client: OpenAI, worked_on: WorkedOn) -> None:
        worked_on(finish)

        assert client.audio.transcriptions.create(model="scripted", file=CALL, response_format="text") == (
            "您好,请讲。\n"
        )

    def test_names_its_job(self, client: OpenAI, worked_on: WorkedOn) -> None:
        job_id = worked_on(finish)

        answer = client.audio.transcriptions.with_raw_response.create(model="scripted", file=CALL)

        assert answer.headers["X-Job-Id"] == str(job_id.result())

    def test_is_made_once_under_one_idempotency_key(self, client: OpenAI, worked_on: WorkedOn) -> None:
        worked_on(finish)
        key = {"Idempotency-Key": str(uuid.uuid4())}
        ask = client.audio.transcriptions.with_raw_response.create

        first = ask(model="scripted", file=CALL, extra_headers=key)
        again = ask(model="scripted", file=CALL, response_format="srt", extra_headers=key)

        assert first.headers["X-Job-Id"] == again.headers["X-Job-Id"]


class TestRefusal:
    @pytest.mark.parametrize(
        ("options", "param"),
        [
            ({"timestamp_granularities": ["word"]}, "timestamp_granularities"),
            ({"temperature": 0.4}, "temperature"),
            ({"prompt": "Callscribe"}, "prompt"),
            ({"include": ["logprobs"]}, "include"),
            ({"extra_body": {"best_of": 5}}, "best_of"),
        ],
    )
    def test_names_what_cannot_be_done(self, client: OpenAI, options: dict[str, object], param: str) -> None:
        with pytest.raises(openai.BadRequestError) as refused:
            client.audio.transcriptions.create(model="scripted", file=CALL, **options)  # type: ignore[call-overload]

        assert (refused.value.param, refused.value.code) == (param, "invalid_request")

    def test_of_an_unknown_model_lists_those_there_are(self, client: OpenAI) -> None:
        with pytest.raises(openai.BadRequestError, match="whisper-base") as refused:
            client.audio.transcriptions.create(model="whisper-1", file=CALL)

        assert refused.value.code == "unknown_model"

    def test_of_an_unknown_key_is_an_authentication_error(self, live: LiveApi) -> None:
        with pytest.raises(openai.AuthenticationError), client_of(live, "nobody") as stranger:
            stranger.audio.transcriptions.create(model="scripted", file=CALL)


class TestWithoutTranscript:
    def test_a_recording_at_fault_is_said_to_be(self, client: OpenAI, worked_on: WorkedOn) -> None:
        job_id = worked_on(stages.fail)

        with pytest.raises(openai.BadRequestError) as failed:
            client.audio.transcriptions.create(model="scripted", file=CALL)

        assert failed.value.code == "audio_undecodable"
        assert failed.value.response.headers["X-Job-Id"] == str(job_id.result())

    def test_a_job_that_takes_long_is_named_and_not_sent_again(
        self, impatient: LiveApi, key: str, sessions: SessionFactory, owner_id: uuid.UUID
    ) -> None:
        def jobs() -> set[str]:
            with sessions.begin() as session:
                return set(map(str, session.scalars(select(Job.id).where(Job.owner_id == owner_id))))

        before = jobs()

        with client_of(impatient, key) as client, pytest.raises(openai.InternalServerError) as late:
            client.audio.transcriptions.create(model="scripted", file=CALL)

        assert (late.value.status_code, late.value.code) == (504, "job_not_done")
        assert jobs() - before == {late.value.response.headers["X-Job-Id"]}


class TestModels:
    def test_are_listed_and_read(self, client: OpenAI) -> None:
        assert [model.id for model in client.models.list()] == ["scripted", "whisper-base", "whisper-tiny.en"]
        assert client.models.retrieve("whisper-base").owned_by == "openai"

    def test_that_are_not_served_are_not_found(self, client: OpenAI) -> None:
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("whisper-small")
