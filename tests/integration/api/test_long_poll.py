"""GET /v1/jobs/{id}?wait="""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

import httpx
import pytest
from sqlalchemy import text

from api.jobs.endings import LOOK_AGAIN
from api.settings import ApiSettings
from core.database import SessionFactory
from tests.integration.api import stages
from tests.integration.api.live import LiveApi, served, until

WAITERS: Final = 60
THREADS: Final = 4


@pytest.fixture(scope="module")
def servers(api_settings: ApiSettings) -> Iterator[Callable[[str], LiveApi]]:
    settings = api_settings.model_copy(update={"api_threads": THREADS})
    with served(settings, "") as api:
        yield lambda key: LiveApi(api.port, key)


@pytest.fixture
def api(servers: Callable[[str], LiveApi], key: str) -> LiveApi:
    return servers(key)


@pytest.fixture
def client(api: LiveApi) -> Iterator[httpx.Client]:
    with api.client() as client:
        yield client


@pytest.fixture
def job_id(client: httpx.Client) -> uuid.UUID:
    answer = client.post("/v1/jobs", files={"file": ("a.wav", b"RIFF")})
    return uuid.UUID(answer.json()["id"])


def connections(sessions: SessionFactory, like: str) -> int:
    query = text("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE :name")
    with sessions.begin() as session:
        return int(session.execute(query, {"name": like}).scalar_one())


def waiting(pool: ThreadPoolExecutor, api: LiveApi, job_id: uuid.UUID) -> Future[httpx.Response]:
    def ask() -> httpx.Response:
        with api.client() as client:
            return client.get(f"/v1/jobs/{job_id}?wait=30", timeout=60)

    return pool.submit(ask)


class TestLongPoll:
    def test_is_answered_as_soon_as_the_job_ends(
        self, api: LiveApi, job_id: uuid.UUID, sessions: SessionFactory
    ) -> None:
        with ThreadPoolExecutor() as pool:
            asked = waiting(pool, api, job_id)
            assert not asked.done()
            begin = time.monotonic()
            stages.complete(sessions, job_id, {})

            answer = asked.result()

        assert answer.json()["status"] == "completed"
        assert "Retry-After" not in answer.headers
        assert time.monotonic() - begin < LOOK_AGAIN

    def test_is_answered_with_what_there_is_when_the_time_is_over(
        self, client: httpx.Client, job_id: uuid.UUID
    ) -> None:
        answer = client.get(f"/v1/jobs/{job_id}?wait=0.3")

        assert answer.elapsed.total_seconds() > 0.3
        assert answer.json()["status"] == "queued"
        assert answer.headers["Retry-After"]

    def test_of_a_final_job_does_not_wait(
        self, client: httpx.Client, job_id: uuid.UUID, sessions: SessionFactory
    ) -> None:
        stages.complete(sessions, job_id, {})

        answer = client.get(f"/v1/jobs/{job_id}?wait=60")

        assert answer.json()["status"] == "completed"

    def test_is_answered_when_the_job_is_erased(
        self, api: LiveApi, client: httpx.Client, job_id: uuid.UUID
    ) -> None:
        with ThreadPoolExecutor() as pool:
            asked = waiting(pool, api, job_id)
            client.delete(f"/v1/jobs/{job_id}")

            answer = asked.result()

        # Canceled comes first, and gone soon after.
        answered = answer.json()["code"] if answer.is_error else answer.json()["status"]
        assert answered in {"canceled", "gone"}

    def test_holds_neither_a_thread_nor_a_connection(
        self, *, api: LiveApi, client: httpx.Client, job_id: uuid.UUID, sessions: SessionFactory
    ) -> None:
        with ThreadPoolExecutor(WAITERS) as pool:
            asked = [waiting(pool, api, job_id) for _ in range(WAITERS)]

            answers = [client.get("/v1/models").status_code for _ in range(10)]

            assert answers == [200] * 10
            assert connections(sessions, "callscribe api") <= 2 * THREADS
            stages.complete(sessions, job_id, {})
            assert {each.result().json()["status"] for each in asked} == {"completed"}

    def test_hears_of_endings_again_after_the_listener_was_cut_off(
        self, api: LiveApi, job_id: uuid.UUID, sessions: SessionFactory
    ) -> None:
        cut = text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'callscribe api listening'"
        )
        with ThreadPoolExecutor() as pool:
            asked = waiting(pool, api, job_id)
            until(lambda: connections(sessions, "callscribe api listening") > 0)
            with sessions.begin() as session:
                session.execute(cut)
            stages.complete(sessions, job_id, {})

            answer = asked.result()

        assert answer.json()["status"] == "completed"
        until(lambda: connections(sessions, "callscribe api listening") > 0)
