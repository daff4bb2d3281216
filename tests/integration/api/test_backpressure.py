"""Servers behind the API that hang: connected, and silent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from typing import Final

import pytest
from httpx2 import Response
from pydantic import SecretStr
from sqlalchemy import func, make_url, select
from starlette.testclient import TestClient

from api.settings import ApiSettings
from chaos.proxy import LOOPBACK, FaultProxy
from core.database import SessionFactory
from core.gate import SLOW_S
from core.storage import PART_BYTES, ObjectStorage
from models import Job, Recording
from tests.integration.api import stages
from tests.integration.api.conftest import ClientFactory, submit
from tests.integration.api.faults import failing_commits
from tests.integration.api.live import FILE_END, FILE_HEAD, answer_on, served, until

SOON: Final = timedelta(seconds=SLOW_S)
"""Long enough to be called slow by core/gate.py."""
AUDIO: Final = b"RIFF" + bytes(2000)


@pytest.fixture
def proxied() -> Iterator[Callable[[int], FaultProxy]]:
    """A proxy before the server of a port."""
    with ExitStack() as closing:
        yield lambda port: closing.enter_context(FaultProxy(port))


@pytest.fixture
def database(proxied: Callable[[int], FaultProxy], database_url: SecretStr) -> FaultProxy:
    return proxied(make_url(database_url.get_secret_value()).port or 0)


@pytest.fixture
def store(proxied: Callable[[int], FaultProxy], api_settings: ApiSettings) -> FaultProxy:
    return proxied(make_url(str(api_settings.storage.endpoint_url)).port or 0)


@pytest.fixture
def cut_off(
    client_with: ClientFactory, database: FaultProxy, store: FaultProxy, api_settings: ApiSettings
) -> Iterator[TestClient]:
    """An API that reaches both through proxies, and has two threads for its requests."""
    url = make_url(api_settings.database_url.get_secret_value()).set(host=LOOPBACK, port=database.port)
    storage = {"endpoint_url": f"http://{LOOPBACK}:{store.port}", "answer_timeout": SOON, "attempts": 1}
    yield client_with(
        database_url=SecretStr(url.render_as_string(hide_password=False)),
        storage=api_settings.storage.model_copy(update=storage),
        database_timeout=SOON,
        api_threads=2,
    )
    # So that it can close its connections.
    database.heal()
    database.cut()


def send(client: TestClient, *, audio: bytes = AUDIO, key: str | None = None) -> Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post("/v1/jobs", files={"file": ("call.wav", audio)}, headers=headers)


def jobs(sessions: SessionFactory) -> int:
    with sessions.begin() as session:
        return session.scalar(select(func.count()).select_from(Job)) or 0


class TestSilentDatabase:
    @pytest.mark.timeout(40)
    def test_keeps_few_waiting_and_answers_all_with_503_until_it_is_back(
        self, cut_off: TestClient, database: FaultProxy
    ) -> None:
        """One after the other, two at a time, each would wait for two seconds: minutes altogether."""
        job_id = submit(cut_off)
        ways: list[Callable[[], Response]] = [
            lambda: cut_off.get("/v1/jobs"),
            lambda: send(cut_off),
            lambda: cut_off.get(f"/v1/jobs/{job_id}?wait=30"),
        ]
        database.swallow(new_ones=True)

        with ThreadPoolExecutor(20) as threads:
            answers = list(threads.map(lambda turn: ways[turn % 3](), range(120)))

        told = {(answer.status_code, answer.json()["code"]) for answer in answers}
        assert told == {(503, "database_unavailable")}
        assert all(answer.headers["Retry-After"] for answer in answers)
        database.heal()
        until(lambda: cut_off.get("/v1/jobs").status_code == 200)


class TestSlowCommit:
    def test_keeps_the_audio_of_a_job_that_may_come_into_being_yet(
        self, cut_off: TestClient, client: TestClient, sessions: SessionFactory, storage: ObjectStorage
    ) -> None:
        """Postgres goes on with a COMMIT that nobody waits for any more."""
        with failing_commits(sessions, "PERFORM pg_sleep(1.5)"):
            unheard = send(cut_off, key="call-1")
            until(lambda: jobs(sessions) == 1)

        replay = send(client, key="call-1")

        assert (unheard.status_code, unheard.json()["code"]) == (503, "database_unavailable")
        assert (replay.status_code, replay.headers["Idempotent-Replayed"]) == (202, "true")
        with sessions.begin() as session:
            key = session.scalars(select(Recording.object_key)).one()
        assert storage.head(key).size_bytes == len(AUDIO)


class TestSilentStorage:
    @pytest.mark.timeout(40)
    def test_keeps_few_waiting_and_answers_all_with_503_until_it_is_back(
        self, cut_off: TestClient, store: FaultProxy, sessions: SessionFactory
    ) -> None:
        """Each would wait twice, for its recording and for the removal of what is left of it."""
        store.swallow(new_ones=True)

        answers = [send(cut_off) for _ in range(60)]

        told = {(answer.status_code, answer.json()["code"]) for answer in answers}
        assert told == {(503, "storage_unavailable")}
        assert all(answer.headers["Retry-After"] for answer in answers)
        assert cut_off.get("/v1/jobs").json()["data"] == []
        store.heal()
        until(lambda: send(cut_off).status_code == 202)

    def test_in_the_middle_of_a_recording_makes_no_job(
        self, cut_off: TestClient, store: FaultProxy, sessions: SessionFactory
    ) -> None:
        send(cut_off)
        store.swallow()

        answer = send(cut_off, audio=bytes(2 * PART_BYTES))

        assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
        assert jobs(sessions) == 1

    def test_refuses_retries_and_deletions(
        self, cut_off: TestClient, store: FaultProxy, sessions: SessionFactory
    ) -> None:
        job_id = submit(cut_off)
        stages.fail(sessions, job_id)
        store.swallow(new_ones=True)

        answers = [cut_off.post(f"/v1/jobs/{job_id}/retry"), cut_off.delete(f"/v1/jobs/{job_id}")]

        assert [answer.status_code for answer in answers] == [503, 503]
        assert jobs(sessions) == 1


class TestManyUploads:
    def test_wait_for_a_place_but_not_for_ever(
        self, api_settings: ApiSettings, sessions: SessionFactory, key: str
    ) -> None:
        changes = {"uploads_at_once": 1, "upload_slot_timeout": timedelta(seconds=0.2)}
        body = FILE_HEAD + AUDIO + FILE_END
        with served(api_settings.model_copy(update=changes), key) as api:
            with api.upload(Content_Length=str(len(body)), Expect="100-continue") as first:
                # Whoever asks for the body has the place.
                assert first.recv(12) == b"HTTP/1.1 100"
                with api.upload(Content_Length=str(len(body))) as second:
                    refusal = answer_on(second)
                first.sendall(body)
                acceptance = answer_on(first)
            with api.upload(Content_Length=str(len(body))) as third:
                third.sendall(body)
                next_one = answer_on(third)

        assert refusal.startswith("HTTP/1.1 503")
        assert '"server_busy"' in refusal
        assert "retry-after: " in refusal.lower()
        assert "HTTP/1.1 202" in acceptance
        assert "HTTP/1.1 202" in next_one
