"""The process: its port, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from starlette.testclient import TestClient

from api.server import serve
from api.settings import ApiSettings
from core.database import SessionFactory
from core.errors import ServiceNotStarted
from models.repositories.api_keys import ApiKeyRepository
from tests.integration.api.conftest import OWNER, issue_key, submit
from tests.integration.api.live import FILE_END, FILE_HEAD, PATIENCE, LiveApi, answer_on, until

PROGRAM = "import sys; from api.server import serve; serve('127.0.0.1', int(sys.argv[1]))"


@contextmanager
def running(environment: dict[str, str], key: str) -> Iterator[tuple[LiveApi, subprocess.Popen[bytes]]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(port)],
        env={**os.environ, **environment, "CALLSCRIBE_MODELS": '["scripted"]'},
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: _answers(port))
        yield LiveApi(port, key), process
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


class TestPort:
    def test_that_is_taken_is_named(self, api_settings: ApiSettings) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]

            with pytest.raises(ServiceNotStarted, match=f"127.0.0.1 port {port}: Address already in use"):
                serve("127.0.0.1", port, settings=api_settings)

    def test_is_on_this_machine_only_unless_told_otherwise(self, api_settings: ApiSettings) -> None:
        assert (api_settings.api_host, api_settings.api_port) == ("127.0.0.1", 8080)


class TestTermination:
    """Requests are under way when their key was looked up."""

    def test_sends_long_polls_home(
        self, environment: dict[str, str], key: str, client: TestClient, sessions: SessionFactory
    ) -> None:
        job_id = submit(client)
        patient_key = issue_key(sessions, OWNER)
        with ThreadPoolExecutor() as pool, running(environment, patient_key) as (api, process):
            with api.client() as waiting:
                asked = pool.submit(waiting.get, f"/v1/jobs/{job_id}", params={"wait": 60})
                until(lambda: was_used(sessions, patient_key))
                process.send_signal(signal.SIGTERM)

                answer = asked.result()

            assert answer.json()["status"] == "queued"
            assert answer.elapsed.total_seconds() < 60
            assert process.wait(PATIENCE) == 0

    def test_lets_an_upload_end_first(
        self, environment: dict[str, str], key: str, sessions: SessionFactory
    ) -> None:
        whole = FILE_HEAD + bytes(1000) + FILE_END
        with running(environment, key) as (api, process):
            with api.upload(Content_Length=str(len(whole))) as connection:
                connection.sendall(whole[:500])
                until(lambda: was_used(sessions, key))
                process.send_signal(signal.SIGTERM)
                until(lambda: not _answers(api.port))
                connection.sendall(whole[500:])

                answer = answer_on(connection)

            assert answer.startswith("HTTP/1.1 202")
            assert process.wait(PATIENCE) == 0


def was_used(sessions: SessionFactory, key: str) -> bool:
    with sessions.begin() as session:
        return ApiKeyRepository(session).with_prefix(key.rpartition("_")[0]).last_used_at is not None
