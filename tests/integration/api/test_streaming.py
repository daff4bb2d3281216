"""Uploads over a network: cut off, stalled, too large, and told otherwise."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import httpx
import pytest

from api.settings import ApiSettings
from core.database import SessionFactory
from core.storage import PART_BYTES, ObjectStorage
from tests.integration.api.conftest import objects_of, unfinished_of
from tests.integration.api.live import FILE_END, FILE_HEAD, FORM_TYPE, LiveApi, answer_on, served, until

LIMIT: Final = 4 * PART_BYTES
TRIES: Final = 20


@pytest.fixture
def api(api_settings: ApiSettings, sessions: SessionFactory, key: str) -> Iterator[LiveApi]:
    changes = {"max_upload_bytes": LIMIT, "uploads_at_once": 2}
    with served(api_settings.model_copy(update=changes), key) as api:
        yield api


def jobs(api: LiveApi) -> int:
    with api.client() as client:
        return len(client.get("/v1/jobs").json()["data"])


class TestStreamedUpload:
    def test_without_a_length_is_taken_as_it_comes(
        self, api: LiveApi, storage: ObjectStorage, owner_id: uuid.UUID
    ) -> None:
        content = hashlib.shake_256(b"call").digest(PART_BYTES + 1000)

        def pieces() -> Iterator[bytes]:
            yield FILE_HEAD
            yield from (content[at : at + 100_000] for at in range(0, len(content), 100_000))
            yield FILE_END

        with api.client() as client:
            answer = client.post("/v1/jobs", content=pieces(), headers={"Content-Type": FORM_TYPE})

        assert answer.status_code == 202, answer.text
        assert answer.json()["source"]["sha256"] == hashlib.sha256(content).hexdigest()
        [key] = objects_of(storage, owner_id)
        assert storage.read(key, first_byte=0, last_byte=len(content)) == content

    @pytest.mark.parametrize("sent", [0, 1000, 2 * PART_BYTES + 1000])
    def test_that_is_cut_off_leaves_nothing(
        self, *, api: LiveApi, storage: ObjectStorage, owner_id: uuid.UUID, sent: int
    ) -> None:
        with api.upload(Content_Length=str(3 * PART_BYTES)) as connection:
            connection.sendall(FILE_HEAD + bytes(sent))
            if sent > PART_BYTES:
                until(lambda: len(unfinished_of(storage, owner_id)) == 1)

        until(lambda: unfinished_of(storage, owner_id) == [])
        assert objects_of(storage, owner_id) == []
        assert jobs(api) == 0

    def test_cut_off_many_times_does_not_keep_others_out(self, api: LiveApi) -> None:
        for _ in range(5):
            with api.upload(Content_Length="1000") as connection:
                connection.sendall(FILE_HEAD)

        with api.client() as client:
            answer = client.post("/v1/jobs", files={"file": ("a.wav", b"RIFF")})

        assert answer.status_code == 202


class TestTooLargeUpload:
    def test_is_refused_before_its_body_is_sent(self, api: LiveApi) -> None:
        with api.upload(Content_Length=str(LIMIT + 1)) as connection:
            answer = answer_on(connection)

        assert answer.startswith("HTTP/1.1 413")
        assert '"payload_too_large"' in answer

    def test_is_not_asked_to_go_on(self, api: LiveApi) -> None:
        with api.upload(Content_Length=str(LIMIT + 1), Expect="100-continue") as connection:
            answer = answer_on(connection)

        assert answer.startswith("HTTP/1.1 413")

    def test_without_a_length_is_noticed_on_the_way_and_leaves_nothing(
        self, api: LiveApi, storage: ObjectStorage, owner_id: uuid.UUID
    ) -> None:
        def pieces() -> Iterator[bytes]:
            yield FILE_HEAD
            for _ in range(LIMIT // 65_536 + 1):
                yield bytes(65_536)
            yield FILE_END

        with api.client() as client:
            answer = client.post("/v1/jobs", content=pieces(), headers={"Content-Type": FORM_TYPE})

        assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
        assert objects_of(storage, owner_id) == []
        assert unfinished_of(storage, owner_id) == []


class TestUnwelcomeUpload:
    def test_of_a_stranger_is_refused_before_its_body_is_sent(self, api: LiveApi) -> None:
        headers = {"Authorization": "Bearer nonsense", "Content_Length": "1000000", "Expect": "100-continue"}

        with api.upload(**headers) as connection:
            answer = answer_on(connection)

        assert answer.startswith("HTTP/1.1 401")

    def test_that_is_sent_all_the_same_is_told_why(self, api: LiveApi) -> None:
        with api.client() as client:
            client.headers["Authorization"] = "Bearer nonsense"

            answers = [client.post("/v1/jobs", files={"file": bytes(20_000_000)}) for _ in range(5)]

        assert {answer.status_code for answer in answers} == {401}


class TestStalledUpload:
    @pytest.fixture
    def hasty_api(self, api_settings: ApiSettings, sessions: SessionFactory, key: str) -> Iterator[LiveApi]:
        changes = {"upload_stall_timeout": timedelta(seconds=0.3), "uploads_at_once": 1}
        with served(api_settings.model_copy(update=changes), key) as api:
            yield api

    def test_gives_its_place_to_the_next(self, hasty_api: LiveApi) -> None:
        with hasty_api.upload(Content_Length="1000") as stalled, hasty_api.client() as client:
            stalled.sendall(FILE_HEAD)

            answer = client.post("/v1/jobs", files={"file": ("a.wav", b"RIFF")})

            assert answer.status_code == 202
            assert '"malformed_body"' in answer_on(stalled)

    def test_of_another_waits_for_its_turn_unread(self, api_settings: ApiSettings, key: str) -> None:
        settings = api_settings.model_copy(update={"uploads_at_once": 1})
        with served(settings, key) as api, api.upload(Transfer_Encoding="chunked") as first:
            first.sendall(_chunk(FILE_HEAD))

            # Until the server has begun to read the first, others may still overtake it.
            assert any(_is_kept_waiting(api) for _ in range(TRIES))

            first.sendall(_chunk(b"RIFF") + _chunk(FILE_END) + b"0\r\n\r\n")

            assert answer_on(first).startswith("HTTP/1.1 202")


def _is_kept_waiting(api: LiveApi) -> bool:
    with api.client() as client:
        try:
            client.post("/v1/jobs", files={"file": ("a.wav", b"RIFF")}, timeout=0.5)
        except httpx.ReadTimeout:
            return True
    return False


def _chunk(content: bytes) -> bytes:
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"
