"""Every route of the OpenAPI document, asked by those who may not: no key, a bad, a narrow, another's."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from sqlalchemy import insert
from starlette.testclient import TestClient

from core.database import SessionFactory
from models import ApiKey
from models.api_key_format import digest, new_api_key
from models.repositories.api_keys import ApiKeyRepository
from models.repositories.owners import OwnerRepository
from models.scope import INCLUDED, Scope
from models.transcript_content import as_json
from tests.integration.api import stages
from tests.integration.api.conftest import OWNER, issue_key, submit
from tests.integration.api.test_transcripts import CONTENT

PROMISES: Final = (Path(__file__).parents[3] / "docs" / "promises.md").read_text()
LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)
NOBODY: Final[frozenset[Scope]] = frozenset()
SUBMIT, READ, REDACTED, ADMIN = (frozenset({scope}) for scope in Scope)

NEEDED: Final = {
    "POST /v1/jobs": SUBMIT,
    "GET /v1/jobs": REDACTED,
    "GET /v1/jobs/{job_id}": REDACTED,
    "DELETE /v1/jobs/{job_id}": ADMIN,
    "POST /v1/jobs/{job_id}/cancel": SUBMIT,
    "POST /v1/jobs/{job_id}/retry": SUBMIT,
    "GET /v1/jobs/{job_id}/transcript": READ,
    "POST /v1/batches": SUBMIT,
    "GET /v1/batches": REDACTED,
    "GET /v1/batches/{batch_id}": REDACTED,
    "POST /v1/batches/{batch_id}/cancel": SUBMIT,
    "POST /v1/batches/{batch_id}/close": SUBMIT,
    "GET /v1/batches/{batch_id}/errors": REDACTED,
    "GET /v1/batches/{batch_id}/items": REDACTED,
    "POST /v1/batches/{batch_id}/items": SUBMIT,
    "GET /v1/batches/{batch_id}/results": READ,
    "POST /v1/batches/{batch_id}/retry-failed": SUBMIT,
    "GET /v1/batches/{batch_id}/review": READ,
    "POST /v1/uploads": SUBMIT,
    "GET /v1/uploads/{upload_id}": SUBMIT,
    "POST /v1/uploads/{upload_id}/complete": SUBMIT,
    "POST /v1/webhooks": ADMIN,
    "GET /v1/webhooks": ADMIN,
    "GET /v1/webhooks/{webhook_id}": ADMIN,
    "PATCH /v1/webhooks/{webhook_id}": ADMIN,
    "DELETE /v1/webhooks/{webhook_id}": ADMIN,
    "GET /v1/webhooks/{webhook_id}/deliveries": ADMIN,
    "GET /v1/webhooks/{webhook_id}/deliveries/{delivery_id}": ADMIN,
    "POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay": ADMIN,
    "POST /v1/webhooks/{webhook_id}/replay": ADMIN,
    "POST /v1/webhooks/{webhook_id}/rotate-secret": ADMIN,
    "GET /v1/webhooks/{webhook_id}/secret": ADMIN,
    "POST /v1/webhooks/{webhook_id}/test": ADMIN,
    "GET /v1/events": REDACTED,
    "POST /v1/audio/transcriptions": SUBMIT | READ,
    "GET /v1/models": NOBODY,
    "GET /v1/models/{name}": NOBODY,
}
"""The scopes without which a route answers 403. What is not here asks for no key."""
OPEN: Final = {"GET /healthz", "GET /readyz"}
ROUTES: Final = sorted(NEEDED)
SHARED: Final = {"GET /v1/models", "GET /v1/models/{name}"}
"""The same for every owner."""
NAMING_BODIES: Final = {("POST", "/v1/jobs"), ("POST", "/v1/batches")}
"""Both are given an upload of the other owner."""
RANGE: Final = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}


class Route(NamedTuple):
    method: str
    path: str

    @classmethod
    def of(cls, name: str) -> Route:
        return cls(*name.split(" "))

    @property
    def names_something(self) -> bool:
        """Of one owner: in its path, or in its body."""
        if self.path.startswith("/v1/models"):
            return False
        return "{" in self.path or (self.method, self.path) in NAMING_BODIES


@dataclass(frozen=True)
class Estate:
    """One of everything that the owner `tests` may have, by the names of path parameters."""

    ids: dict[str, str]

    def ask(self, client: TestClient, route: Route, key: str | None) -> tuple[int, str]:
        """Status and body of a request that would do, if this were one's own."""
        path = re.sub(r"{(\w+)}", lambda found: self.ids[found[1]], route.path)
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        answer = client.request(route.method, path, headers=headers, **self._content(route))
        return answer.status_code, answer.text

    def _content(self, route: Route) -> dict[str, Any]:
        upload = {"upload_id": self.ids["upload_id"]}
        contents: dict[str, dict[str, Any]] = {
            "POST /v1/jobs": {"json": upload},
            "POST /v1/audio/transcriptions": {
                "data": {"model": "scripted"},
                "files": {"file": ("a.wav", b"")},
            },
            "POST /v1/batches": {"json": {"source": {"type": "manifest", "format": "csv", **upload}}},
            "POST /v1/batches/{batch_id}/items": {"json": {"items": [upload]}},
            "POST /v1/webhooks": {"json": {}},
            "POST /v1/uploads": {"json": {}},
            "POST /v1/uploads/{upload_id}/complete": {"json": {}},
            "PATCH /v1/webhooks/{webhook_id}": {"json": {}},
            "POST /v1/webhooks/{webhook_id}/replay": {"json": RANGE},
        }
        return contents.get(f"{route.method} {route.path}", {})


@pytest.fixture
def estate(client: TestClient, key: str, sessions: SessionFactory) -> Estate:
    job_id = submit(client)
    stages.complete(sessions, job_id, as_json(CONTENT))
    upload_id = client.post("/v1/uploads", json={}).json()["id"]
    other_upload = client.post("/v1/uploads", json={}).json()["id"]
    batch = client.post("/v1/batches", json={"open": True, "items": [{"upload_id": other_upload}]}).json()
    webhook = client.post(
        "/v1/webhooks", json={"url": "https://hooks.example.com/calls", "event_types": []}
    ).json()
    delivery = client.post(f"/v1/webhooks/{webhook['id']}/test").json()
    client.headers.pop("Authorization")
    return Estate(
        {
            "job_id": str(job_id),
            "upload_id": upload_id,
            "batch_id": batch["id"],
            "webhook_id": webhook["id"],
            "delivery_id": delivery["id"],
            "name": "scripted",
        }
    )


def narrow_key(sessions: SessionFactory, scopes: list[Scope]) -> str:
    with sessions.begin() as session:
        owner = OwnerRepository(session).named(OWNER)
        return ApiKeyRepository(session).issue(owner, name="narrow", scopes=scopes).shown


def keys_without(needed: frozenset[Scope]) -> Iterator[list[Scope]]:
    """For each needed scope, all scopes but this one and those that include it."""
    for missing in needed:
        kept = [scope for scope in Scope if scope != missing and missing not in INCLUDED.get(scope, set())]
        yield kept


def test_every_route_is_in_the_table(stranger: TestClient) -> None:
    paths = stranger.get("/openapi.json").json()["paths"]

    routes = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}

    assert routes == NEEDED.keys() | OPEN


@pytest.mark.parametrize("name", ROUTES)
class TestMatrix:
    """Each with all that a request needs, so that nothing but the asker is wrong."""

    def test_another_owner_finds_nothing(
        self, client: TestClient, estate: Estate, name: str, sessions: SessionFactory
    ) -> None:
        route = Route.of(name)
        foreign = issue_key(sessions, "somebody else")

        status, body = estate.ask(client, route, foreign)

        if route.names_something:
            assert status == 404, body
        if name not in SHARED:
            assert [kind for kind, value in estate.ids.items() if f'"id":"{value}"' in body] == []
        assert "您好" not in body
        assert self._untouched(client, estate, sessions)

    def test_nobody_gets_in_without_a_good_key(
        self, client: TestClient, estate: Estate, name: str, sessions: SessionFactory
    ) -> None:
        revoked = issue_key(sessions, OWNER)
        with sessions.begin() as session:
            ApiKeyRepository(session).revoke(revoked.rpartition("_")[0], at=LONG_AGO)
        bad = {
            "none": None,
            "nonsense": "nonsense",
            "never given": new_api_key().shown,
            "expired": issue_key(sessions, OWNER, expires_at=LONG_AGO),
            "revoked": revoked,
        }

        statuses = {kind: estate.ask(client, Route.of(name), key)[0] for kind, key in bad.items()}

        assert statuses == dict.fromkeys(bad, 401)
        assert self._untouched(client, estate, sessions)

    def test_a_key_that_lacks_a_scope_is_refused(
        self, client: TestClient, estate: Estate, name: str, sessions: SessionFactory
    ) -> None:
        for scopes in keys_without(NEEDED[name]):
            status, body = estate.ask(client, Route.of(name), narrow_key(sessions, scopes))

            assert (status, "scope_missing" in body) == (403, True), scopes
        assert self._untouched(client, estate, sessions)

    def test_a_key_with_just_the_scopes_gets_in(
        self, client: TestClient, estate: Estate, name: str, sessions: SessionFactory
    ) -> None:
        enough = sorted(NEEDED[name]) or [Scope.REDACTED]

        status, _ = estate.ask(client, Route.of(name), narrow_key(sessions, enough))

        assert status not in (401, 403, 404)

    @staticmethod
    def _untouched(client: TestClient, estate: Estate, sessions: SessionFactory) -> bool:
        """What the owner has is there, and as it was."""
        own = {"Authorization": f"Bearer {issue_key(sessions, OWNER)}"}
        ids = estate.ids
        transcript = client.get(f"/v1/jobs/{ids['job_id']}/transcript", headers=own)
        batch = client.get(f"/v1/batches/{ids['batch_id']}", headers=own)
        webhook = client.get(f"/v1/webhooks/{ids['webhook_id']}/secret", headers=own)
        items = batch.json()["request_counts"]["total"]
        overlap = webhook.json()["old_ones_sign_until"]
        return (transcript.status_code, batch.json()["status"], items, overlap) == (200, "open", 1, None)


def test_the_matrix_is_complete(capsys: pytest.CaptureFixture[str]) -> None:
    combinations = len(ROUTES) * (1 + 5) + sum(len(list(keys_without(needed))) for needed in NEEDED.values())
    with capsys.disabled():
        print(f"\n{len(ROUTES)} routes, {combinations} combinations of a route and an asker who is refused")  # noqa: T201

    assert f"every route, {combinations} combinations" in PROMISES


def test_a_key_of_before_there_were_scopes_may_do_everything(
    sessions: SessionFactory, client: TestClient, owner_id: uuid.UUID
) -> None:
    key = new_api_key()
    old = {"id": uuid.uuid4(), "owner_id": owner_id, "name": "old", "prefix": key.prefix}
    with sessions.begin() as session:
        session.execute(insert(ApiKey).values(old | {"secret_sha256": digest(key.secret)}))

    asked = [
        client.get(path, headers={"Authorization": f"Bearer {key.shown}"})
        for path in ("/v1/webhooks", "/v1/jobs")
    ]

    assert [answer.status_code for answer in asked] == [200, 200]


class TestRedacted:
    def test_sees_how_things_stand_and_nothing_of_what_was_said(
        self, client: TestClient, estate: Estate, sessions: SessionFactory
    ) -> None:
        key = narrow_key(sessions, [Scope.REDACTED])

        seen = {name: estate.ask(client, Route.of(name), key) for name in ROUTES if name.startswith("GET")}

        assert {name for name, (status, _) in seen.items() if status == 403} == {
            name for name in ROUTES if name.startswith("GET") and not NEEDED[name] <= REDACTED
        }
        assert not any("您好" in body for _, body in seen.values())
