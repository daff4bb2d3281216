"""Who is let in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from core.database import SessionFactory
from models.api_key_format import new_api_key
from models.repositories.api_keys import ApiKeyRepository
from tests.integration.api.conftest import OWNER, issue_key

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def ask(client: TestClient, authorization: str) -> tuple[int, str]:
    answer = client.get("/v1/models", headers={"Authorization": authorization})
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    return answer.status_code, answer.json()["code"]


class TestKeys:
    def test_a_valid_key_opens_the_door(self, client: TestClient) -> None:
        assert client.get("/v1/models").status_code == 200

    def test_no_key_is_unauthenticated(self, stranger: TestClient) -> None:
        answer = stranger.get("/v1/models")

        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")

    @pytest.mark.parametrize(
        "authorization",
        ["Bearer ", "Bearer nonsense", "Basic Y3M6eA==", "Bearer " + "x" * 5000, "cs_12345678_" + "x" * 38],
    )
    def test_what_is_no_key_is_unauthenticated(self, stranger: TestClient, authorization: str) -> None:
        assert ask(stranger, authorization) == (401, "unauthenticated")

    def test_a_key_that_was_never_given_is_unauthenticated(self, stranger: TestClient) -> None:
        assert ask(stranger, f"Bearer {new_api_key().shown}") == (401, "unauthenticated")

    def test_a_known_prefix_with_another_secret_is_unauthenticated(
        self, stranger: TestClient, sessions: SessionFactory
    ) -> None:
        known = issue_key(sessions, OWNER)
        forged = new_api_key()
        with sessions.begin() as session:
            row = ApiKeyRepository(session).with_prefix(known.rpartition("_")[0])
            row.prefix = forged.prefix

        assert ask(stranger, f"Bearer {forged.shown}") == (401, "unauthenticated")

    def test_a_revoked_key_is_unauthenticated(self, stranger: TestClient, sessions: SessionFactory) -> None:
        revoked = issue_key(sessions, OWNER)
        with sessions.begin() as session:
            ApiKeyRepository(session).revoke(revoked.rpartition("_")[0], at=LONG_AGO)

        assert ask(stranger, f"Bearer {revoked}") == (401, "unauthenticated")

    def test_an_expired_key_says_so(self, stranger: TestClient, sessions: SessionFactory) -> None:
        expired = issue_key(sessions, OWNER, expires_at=LONG_AGO)

        assert ask(stranger, f"Bearer {expired}") == (401, "api_key_expired")

    def test_a_key_that_will_expire_is_good_until_then(
        self, stranger: TestClient, sessions: SessionFactory
    ) -> None:
        key = issue_key(sessions, OWNER, expires_at=datetime.now(UTC) + timedelta(hours=1))

        answer = stranger.get("/v1/models", headers={"Authorization": f"Bearer {key}"})

        assert answer.status_code == 200

    def test_use_of_a_key_is_noted(self, client: TestClient, key: str, sessions: SessionFactory) -> None:
        client.get("/v1/models")

        with sessions.begin() as session:
            row = ApiKeyRepository(session).with_prefix(key.rpartition("_")[0])
        assert row.last_used_at is not None
