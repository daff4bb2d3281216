"""Whatever a request says, it is answered, and never as if we had broken."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

import pytest
from starlette.testclient import TestClient

from models.base import JsonObject, JsonValue
from tests.integration.api.conftest import submit

OPENAPI: Final = json.loads(Path("api/openapi.json").read_text())
QUERIES: Final = [
    (path, parameter["name"])
    for path, operations in OPENAPI["paths"].items()
    for parameter in operations.get("get", {}).get("parameters", [])
    if parameter["in"] == "query"
]
WORDS: Final = [
    "",
    "\0",
    "a\0b",
    "é",
    "-1",
    "1e9",
    "NaN",
    "9" * 19,
    "9" * 30,
    "9" * 5_000,
    "٣",
    "' OR 1=1 --",
    "%00",
    "../" * 20,
    str(uuid.UUID(int=0)),
]
CURSORS: Final = [
    base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    for text in (
        *WORDS,
        f"0001-01-01T00:00:00+23:59 {uuid.UUID(int=0)}",
        f"9999-12-31T23:59:59-23:59 {uuid.UUID(int=0)}",
        f"2026-11-21T22:00:00+00:00 {'{'}{uuid.UUID(int=0)}{'}'}",
    )
]
VALUES: Final[list[JsonValue]] = [
    *WORDS,
    None,
    True,
    -1,
    0.5,
    10**30,
    10**400,
    [],
    {},
    [None],
    {"\0": "\0"},
    {"a": ["\0"]},
    "x" * 3_000,
    cast(JsonValue, json.loads("[" * 150 + "]" * 150)),
]
NO_JSON: Final = [
    b"",
    b"\0",
    b"\xff\xfe",
    b"{",
    b"[" * 50_000,
    b'{"a":' * 10_000,
    b'{"name":"\\ud800"}',
    b'{"name":"\xed\xa0\x80"}',
    b'{"metadata":{"a":1e999}}',
    b'{"metadata":{"a":NaN}}',
    b'{"metadata":{"a":' + b"9" * 20_000 + b"}}",
    b'{"open":true,"open":false}',
    b"1",
    b"null",
]
AUDIO: Final = "s3://calls/a.wav"
OPTIONS: Final[JsonObject] = {
    "model": "scripted",
    "language": "en",
    "script": "as_is",
    "lane": "bulk",
    "roles": {"0": "agent"},
    "metadata": {"agent": "Kim"},
    "expires_at": "2027-01-01T00:00:00Z",
    "reuse": False,
    "webhook_url": "https://example.com/",
}
ITEM: Final[JsonObject] = {**OPTIONS, "custom_id": "a", "url": AUDIO, "filename": "a.wav"}
BODIES: Final[dict[str, list[JsonObject]]] = {
    "/v1/jobs": [{**OPTIONS, "upload_id": str(uuid.UUID(int=0))}],
    "/v1/uploads": [{"filename": "a.wav"}],
    "/v1/batches": [
        {"name": "a", "metadata": {"a": 1}, "defaults": OPTIONS, "items": [ITEM], "open": True},
        {"source": {"type": "prefix", "url": "s3://calls/", "suffixes": [".wav"]}},
        {"source": {"type": "zip", "upload_id": str(uuid.UUID(int=0))}},
        {"source": {"type": "manifest", "upload_id": str(uuid.UUID(int=0)), "format": "csv"}},
    ],
    "/v1/batches/{batch_id}/items": [{"items": [ITEM]}],
    "/v1/webhooks": [
        {
            "url": "https://example.com/",
            "description": "a",
            "event_types": ["job.completed"],
            "concurrency": 1,
        }
    ],
}


@pytest.fixture
def places(client: TestClient) -> dict[str, str]:
    """Things of the caller's own, so that a request gets as far as it can."""
    batch = client.post("/v1/batches", json={"open": True})
    assert batch.status_code == 201, batch.text
    return {"job_id": str(submit(client)), "batch_id": batch.json()["id"], "name": "scripted"}


def filled(path: str, places: dict[str, str]) -> str:
    nobody = dict.fromkeys(("webhook_id", "delivery_id", "upload_id"), str(uuid.UUID(int=0)))
    return path.format_map(nobody | places)


def changed(value: JsonValue) -> Iterator[JsonValue]:
    """The same with one leaf, one branch or one name replaced by something else."""
    yield from VALUES
    if isinstance(value, dict):
        yield {**value, "\0x": 1}
        yield {**value, "x" * 2_000: 1}
        for name, part in value.items():
            yield from ({**value, name: other} for other in changed(part))
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from ([*value[:place], other, *value[place + 1 :]] for other in changed(part))


class TestQueries:
    @pytest.mark.parametrize(("path", "name"), QUERIES)
    def test_none_is_answered_as_our_fault(
        self, path: str, name: str, client: TestClient, places: dict[str, str]
    ) -> None:
        place = filled(path, places)

        assert [
            word[:80]
            for word in (*WORDS, *CURSORS)
            if client.get(place, params={name: word}).status_code >= 500
        ] == []


class TestPaths:
    @pytest.mark.parametrize("path", [path for path in OPENAPI["paths"] if "{" in path])
    def test_none_is_answered_as_our_fault(self, path: str, client: TestClient) -> None:
        names = ("job_id", "batch_id", "webhook_id", "delivery_id", "upload_id", "name")
        words = ("%00", "%FF", "..%2F..", "9" * 500, "%F0%9F%98%80", "{}", "'", "a" * 3_000)
        places = [path.format_map(dict.fromkeys(names, word)) for word in words]

        assert [place for place in places if client.get(place).status_code >= 500] == []


@pytest.mark.parametrize("path", BODIES)
class TestBodies:
    def test_none_is_answered_as_our_fault(
        self, path: str, client: TestClient, places: dict[str, str]
    ) -> None:
        place = filled(path, places)
        bodies = [json.dumps(other) for body in BODIES[path] for other in changed(body)]

        assert [body[:300] for body in bodies if sent(client, place, body.encode()) >= 500] == []

    def test_what_is_no_json_is_refused(self, path: str, client: TestClient, places: dict[str, str]) -> None:
        statuses = {sent(client, filled(path, places), content) for content in NO_JSON}

        assert statuses <= {201, 400, 413, 422}


def sent(client: TestClient, place: str, content: bytes) -> int:
    return client.post(place, content=content, headers={"Content-Type": "application/json"}).status_code


class TestTypes:
    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/v1/jobs", {"upload_id": str(uuid.UUID(int=0)), "reuse": 0.0}),
            ("/v1/batches", {"open": 1}),
            ("/v1/batches", {"open": "true"}),
            ("/v1/uploads", {"size_bytes": "3"}),
            ("/v1/uploads", {"size_bytes": True}),
            ("/v1/webhooks", {"url": "https://example.com/", "concurrency": "3"}),
        ],
    )
    def test_of_another_type_than_the_document_says_are_refused(
        self, client: TestClient, path: str, body: JsonObject
    ) -> None:
        assert client.post(path, json=body).status_code == 422

    def test_whole_numbers_may_be_written_with_a_point(self, client: TestClient) -> None:
        assert client.post("/v1/uploads", json={"size_bytes": 3.0}).status_code == 201
