"""Whatever is answered, browsers are told to run nothing of it, show it in no frame and keep no copy."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Final

import pytest
from httpx2 import Response
from sqlalchemy import event
from starlette.testclient import TestClient

from api.docs.routes import FILES, POLICY
from api.safe_headers import SAFE
from api.settings import ApiSettings
from tests.integration.api.conftest import ClientFactory, resources_of, storage_at, submit

OPENAPI: Final = json.loads(Path("api/openapi.json").read_text())
OPERATIONS: Final = [(method, path) for path, methods in OPENAPI["paths"].items() for method in methods]
NOT_OF_CALLS: Final = {"Content-Security-Policy", "Cache-Control"}
"""These the page says by itself."""


def of(answer: Response) -> dict[str, str]:
    return {name: answer.headers.get(name, "") for name in SAFE}


def filled(path: str) -> str:
    return re.sub("{name}", "scripted", re.sub(r"{\w+_id}", str(uuid.UUID(int=0)), path))


def test_they_forbid_what_they_should() -> None:
    assert SAFE["Content-Security-Policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in SAFE["Content-Security-Policy"]
    assert (SAFE["X-Content-Type-Options"], SAFE["Cache-Control"]) == ("nosniff", "no-store")


def test_every_route_sends_them_refused_or_not(client: TestClient, key: str) -> None:
    answers = [
        client.request(method, filled(path), headers={"Authorization": f"Bearer {asking}"})
        for method, path in OPERATIONS
        for asking in (key, "nonsense")
    ]

    assert {answer.status_code // 100 for answer in answers} == {2, 4}
    assert [answer.url for answer in answers if of(answer) != SAFE] == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/docs/routes.py", 404),
        ("PUT", "/v1/jobs", 405),
        ("GET", "/openapi.json", 200),
    ],
)
def test_what_is_no_route_sends_them(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)

    assert (answer.status_code, of(answer)) == (status, SAFE)


class TestAnswers:
    def test_without_a_body(self, client: TestClient) -> None:
        answer = client.delete(f"/v1/jobs/{submit(client)}")

        assert (answer.status_code, of(answer)) == (204, SAFE)

    def test_that_stream(self, client: TestClient) -> None:
        batch = client.post("/v1/batches", json={"open": True}).json()

        with client.stream("GET", f"/v1/batches/{batch['id']}/results") as answer:
            assert (answer.status_code, of(answer)) == (200, SAFE)

    def test_to_too_much(self, client_with: ClientFactory) -> None:
        client = client_with(max_upload_bytes=1000)

        answer = client.post("/v1/jobs", files={"file": ("call.wav", bytes(100_000))})

        assert (answer.status_code, of(answer)) == (413, SAFE)

    def test_of_servers_that_are_away(self, client_with: ClientFactory, api_settings: ApiSettings) -> None:
        away = client_with(storage=storage_at(api_settings, 1))

        answer = away.post("/v1/jobs", files={"file": ("call.wav", b"RIFF")})

        assert (answer.status_code, of(answer)) == (503, SAFE)

    def test_of_bugs(self, client_with: ClientFactory) -> None:
        broken = client_with()
        event.listen(resources_of(broken).sessions, "do_orm_execute", _break)

        answer = broken.get("/v1/models")

        assert (answer.status_code, of(answer)) == (500, SAFE)


def _break(_state: object) -> None:
    raise ZeroDivisionError


class TestPage:
    def test_has_a_policy_of_its_own_without_anything_inline(self, stranger: TestClient) -> None:
        answer = stranger.get("/docs")

        assert answer.headers["Content-Security-Policy"] == POLICY
        assert "unsafe" not in POLICY
        assert [name for name in SAFE.keys() - NOT_OF_CALLS if answer.headers[name] != SAFE[name]] == []

    def test_names_nobody_else(self, stranger: TestClient) -> None:
        named = re.findall(r'(?:src|href)="(.*?)"', stranger.get("/docs").text)

        assert sorted(named) == sorted(f"docs/{name}" for name in FILES)
        assert [name for name in named if stranger.get(f"/{name}").status_code != 200] == []
