from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client import Client
from client.uploads import presentable
from core.errors import PermanentError, ServiceError, StorageUnavailable
from tests.unit.cli.scripted_api import Given, ScriptedApi

UPLOADS = [uuid.UUID(int=number) for number in range(4)]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "通话.wav"
    path.write_bytes(bytes(range(256)) * 1_000)
    return path


def offer(api: ScriptedApi, upload_id: uuid.UUID, put: Given) -> None:
    place = f"/storage/{upload_id}"
    answer = {
        "id": str(upload_id),
        "url": f"{api.url}{place}?signature=s",
        "method": "PUT",
        "headers": {"X-Wanted": "yes"},
        "expires_at": "2026-11-22T13:00:00Z",
    }
    api.answer("POST", "/v1/uploads", answer, status=201)
    api.give("PUT", place, put)


def offer_parts(api: ScriptedApi, upload_id: uuid.UUID, *sizes: int) -> None:
    parts = [
        {"number": number, "url": f"{api.url}/storage/{number}", "size_bytes": size}
        for number, size in enumerate(sizes, start=1)
    ]
    answer = {"id": str(upload_id), "url": None, "parts": parts, "expires_at": "2026-11-22T13:00:00Z"}
    api.answer("POST", "/v1/uploads", answer, status=201)
    api.answer("POST", f"/v1/uploads/{upload_id}/complete", {**answer, "status": "complete", "parts": []})


def taken(etag: str) -> Given:
    return Given(200, b"", headers={"ETag": etag})


class TestParts:
    SIZES = (100_000, 100_000, 56_000)

    def test_are_sent_in_order_and_put_together(
        self, api: ScriptedApi, client: Client, recording: Path
    ) -> None:
        offer_parts(api, UPLOADS[0], *self.SIZES)
        for number in range(1, 4):
            api.give("PUT", f"/storage/{number}", taken(f"e{number}"))
        heard: list[int] = []

        assert client.uploads.put(recording, on_sent=heard.append) == UPLOADS[0]

        _, *puts, completed = api.asked
        assert b"".join(put.body for put in puts) == recording.read_bytes()
        assert [len(put.body) for put in puts] == [*self.SIZES]
        assert json.loads(completed.body)["parts"] == [
            {"number": 1, "etag": "e1"},
            {"number": 2, "etag": "e2"},
            {"number": 3, "etag": "e3"},
        ]
        assert heard == sorted(heard)
        assert heard[-1] == recording.stat().st_size

    @pytest.mark.parametrize("failure", [Given(503, b""), Given(200, b"", missing=9)])
    def test_only_the_one_that_failed_is_sent_again(
        self, api: ScriptedApi, client: Client, recording: Path, pauses: list[float], failure: Given
    ) -> None:
        offer_parts(api, UPLOADS[0], *self.SIZES)
        api.give("PUT", "/storage/1", taken("e1"))
        api.give("PUT", "/storage/2", failure)
        api.give("PUT", "/storage/2", taken("e2"))
        api.give("PUT", "/storage/3", taken("e3"))
        failures: list[ServiceError] = []

        client.uploads.put(recording, on_retry=failures.append)

        puts = [asked.path for asked in api.asked if asked.method == "PUT"]
        assert puts == ["/storage/1", "/storage/2", "/storage/2", "/storage/3"]
        assert api.asked[2].body == api.asked[3].body == recording.read_bytes()[100_000:200_000]
        assert pauses == [1.0]
        assert [type(each) for each in failures] == [StorageUnavailable]

    def test_of_a_file_that_became_shorter_are_not_sent_on(
        self, api: ScriptedApi, client: Client, recording: Path, pauses: list[float]
    ) -> None:
        offer_parts(api, UPLOADS[0], 200_000, 100_000)
        api.give("PUT", "/storage/1", taken("e1"))

        with pytest.raises(PermanentError, match="shorter"):
            client.uploads.put(recording)

        assert pauses == []


class TestPut:
    def test_sends_the_file_to_its_place_without_the_key(
        self, api: ScriptedApi, client: Client, recording: Path
    ) -> None:
        offer(api, UPLOADS[0], Given(200, b""))
        heard: list[int] = []

        upload_id = client.uploads.put(recording, on_sent=heard.append)

        begun, put = api.asked
        assert upload_id == UPLOADS[0]
        assert json.loads(begun.body) == {"filename": "通话.wav", "size_bytes": 256_000}
        assert (put.query, put.body) == ({"signature": "s"}, recording.read_bytes())
        assert put.headers["X-Wanted"] == "yes"
        assert "Authorization" not in put.headers
        assert heard[-1] == recording.stat().st_size

    def test_an_empty_file_is_sent_as_it_is(self, api: ScriptedApi, client: Client, tmp_path: Path) -> None:
        offer(api, UPLOADS[0], Given(200, b""))
        empty = tmp_path / "empty.wav"
        empty.touch()

        client.uploads.put(empty)

        assert api.asked[1].headers["Content-Length"] == "0"

    @pytest.mark.parametrize("failure", [Given(503, b""), Given(200, b"", missing=9)])
    def test_is_tried_again_at_a_place_of_its_own(
        self, api: ScriptedApi, client: Client, recording: Path, pauses: list[float], failure: Given
    ) -> None:
        offer(api, UPLOADS[0], failure)
        offer(api, UPLOADS[1], Given(200, b""))
        failures: list[ServiceError] = []

        assert client.uploads.put(recording, on_retry=failures.append) == UPLOADS[1]
        assert api.asked[-1].body == recording.read_bytes()
        assert pauses == [1.0]
        assert [type(each) for each in failures] == [StorageUnavailable]

    def test_is_given_up_when_the_storage_goes_on_failing(
        self, api: ScriptedApi, client: Client, recording: Path
    ) -> None:
        for upload_id in UPLOADS[:3]:
            offer(api, upload_id, Given(500, b""))

        with pytest.raises(StorageUnavailable):
            client.uploads.put(recording)

    def test_that_is_forbidden_is_not_tried_again(
        self, api: ScriptedApi, client: Client, recording: Path, pauses: list[float]
    ) -> None:
        offer(api, UPLOADS[0], Given(403, b""))

        with pytest.raises(PermanentError, match="refused the recording"):
            client.uploads.put(recording)

        assert pauses == []


class TestNames:
    @given(st.text(st.characters(exclude_categories=[])))
    def test_are_always_what_the_api_takes(self, name: str) -> None:
        shown = presentable(name)

        assert len(shown) <= 255
        assert not set(shown) & set("/\\\0\n\x1b\x7f")
        assert shown.encode().decode() == shown

    def test_are_left_alone_where_they_can_be(self) -> None:
        assert presentable("通话 “1”.wav") == "通话 “1”.wav"
