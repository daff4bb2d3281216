"""Raw connections that drip, lie about their length, or say nothing at all."""

from __future__ import annotations

import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta

import pytest

from api.connection import HEAD_BYTES
from api.settings import ApiSettings
from core.database import SessionFactory
from core.storage import ObjectStorage
from tests.integration.api.conftest import objects_of, unfinished_of
from tests.integration.api.live import FILE_END, FILE_HEAD, LiveApi, answer_on, served

SHORT = timedelta(seconds=0.4)
BODY = FILE_HEAD + b"RIFF" + FILE_END


@pytest.fixture
def api(api_settings: ApiSettings, sessions: SessionFactory, key: str) -> Iterator[LiveApi]:
    changes = {
        "upload_stall_timeout": SHORT,
        "upload_slowest": 100_000,
        "head_timeout": SHORT,
        "uploads_at_once": 1,
        "api_connections": 20,
    }
    with served(api_settings.model_copy(update=changes), key) as api:
        yield api


def dripped(connection: socket.socket, piece: bytes = b"x") -> str:
    """What is answered to somebody who sends a piece twenty times a second, and never ends."""
    is_over = threading.Event()

    def drip() -> None:
        with suppress(OSError):
            while not is_over.wait(0.05):
                connection.sendall(piece)

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        return answer_on(connection)
    except ConnectionResetError:
        return ""
    finally:
        is_over.set()
        dripping.join()


def is_welcome(api: LiveApi) -> bool:
    with api.client() as client:
        return client.post("/v1/jobs", files={"file": ("a.wav", b"RIFF")}).status_code == 202


class TestDrip:
    def test_of_a_recording_is_given_up_and_leaves_nothing(
        self, api: LiveApi, storage: ObjectStorage, owner_id: uuid.UUID
    ) -> None:
        with api.upload(Content_Length="1000000") as connection:
            connection.sendall(FILE_HEAD)

            answer = dripped(connection)

        assert answer.startswith("HTTP/1.1 400")
        assert "too slowly" in answer
        assert is_welcome(api)
        assert len(objects_of(storage, owner_id)) == 1
        assert unfinished_of(storage, owner_id) == []

    def test_of_chunks_is_given_up(self, api: LiveApi) -> None:
        with api.upload(Transfer_Encoding="chunked") as connection:
            connection.sendall(f"{len(FILE_HEAD):x}\r\n".encode() + FILE_HEAD + b"\r\n")

            assert "too slowly" in dripped(connection, b"1\r\nx\r\n")

    def test_of_json_is_given_up(self, api: LiveApi) -> None:
        with api.upload(Content_Length="1000", Content_Type="application/json") as connection:
            assert "too slowly" in dripped(connection, b" ")

    def test_of_a_head_is_hung_up_on(self, api: LiveApi) -> None:
        with socket.create_connection(("127.0.0.1", api.port), timeout=30) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\n")

            assert dripped(connection, b"X-A: 1\r\n") == ""

    def test_of_a_second_head_is_hung_up_on(self, api: LiveApi) -> None:
        with socket.create_connection(("127.0.0.1", api.port), timeout=30) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: api\r\n\r\n")
            connection.recv(65_536)

            assert "HTTP/1.1" not in dripped(connection, b"G")


class TestSilence:
    def test_is_hung_up_on(self, api: LiveApi) -> None:
        with socket.create_connection(("127.0.0.1", api.port), timeout=30) as connection:
            assert answer_on(connection) == ""

    def test_of_many_keeps_nobody_out_for_long(self, api: LiveApi) -> None:
        with ExitStack() as closing:
            silent = [
                closing.enter_context(socket.create_connection(("127.0.0.1", api.port), timeout=30))
                for _ in range(30)
            ]
            for connection in silent:
                answer_on(connection)

            assert is_welcome(api)


class TestHead:
    def test_has_its_limit(self, api: LiveApi) -> None:
        with api.upload(X_Long="x" * (HEAD_BYTES + 1)) as connection, suppress(ConnectionResetError):
            assert answer_on(connection).startswith("HTTP/1.1 400")

    @pytest.mark.parametrize("length", ["-1", "+5", "5, 6", "0x10", "1e3", "9" * 30])
    def test_with_a_length_that_is_none_is_refused(self, api: LiveApi, length: str) -> None:
        with api.upload(Content_Length=length) as connection:
            answer = answer_on(connection)

        assert answer.split(" ")[1] in {"400", "413"}


class TestLength:
    def test_that_is_too_small_makes_no_job_of_half_a_recording(
        self, api: LiveApi, storage: ObjectStorage, owner_id: uuid.UUID
    ) -> None:
        with api.upload(Content_Length=str(len(BODY) - 10)) as connection:
            connection.sendall(BODY)
            answer = answer_on(connection)

        assert answer.startswith("HTTP/1.1 400")
        assert objects_of(storage, owner_id) == []

    def test_that_is_too_large_makes_none_either(
        self, api: LiveApi, storage: ObjectStorage, owner_id: uuid.UUID
    ) -> None:
        with api.upload(Content_Length=str(len(BODY) + 10)) as connection:
            connection.sendall(BODY)
            answer = answer_on(connection)

        assert answer.startswith("HTTP/1.1 400")
        assert objects_of(storage, owner_id) == []
