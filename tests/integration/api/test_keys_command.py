"""callscribe keys, against the door that they open."""

from __future__ import annotations

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient
from typer.testing import CliRunner

from cli.commands.keys import app
from core.database import SessionFactory
from core.errors import Conflict, NotFound


@pytest.fixture(autouse=True)
def database(database_url: SecretStr, sessions: SessionFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSCRIBE_DATABASE_URL", database_url.get_secret_value())


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False, env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def status_with(client: TestClient, key: str) -> int:
    return client.get("/v1/models", headers={"Authorization": f"Bearer {key}"}).status_code


class TestCreate:
    def test_prints_a_key_that_opens_the_door(self, stranger: TestClient) -> None:
        key = run("create", "--owner", "acme")

        assert status_with(stranger, key) == 200

    def test_keys_of_one_owner_open_the_same_jobs(self, stranger: TestClient) -> None:
        first, second = run("create"), run("create")
        headers = {"Authorization": f"Bearer {first}"}
        stranger.post("/v1/jobs", files={"file": ("a.wav", b"RIFF")}, headers=headers)

        listed = stranger.get("/v1/jobs", headers={"Authorization": f"Bearer {second}"})

        assert len(listed.json()["data"]) == 1

    @pytest.mark.parametrize("span", ["90", "0d", "-1d", "1w", "soon"])
    def test_refuses_a_life_that_it_does_not_understand(self, span: str) -> None:
        result = CliRunner().invoke(app, ["create", "--expires-in", span])

        assert result.exit_code == 2
        assert "90d" in result.output


class TestList:
    def test_shows_keys_without_their_secrets(self) -> None:
        key = run("create", "--owner", "acme", "--name", "nightly import", "--expires-in", "90d")
        run("create", "--owner", "other")

        listed = run("list", "--owner", "acme")

        assert key.rpartition("_")[0] in listed
        assert key.rpartition("_")[2] not in listed
        assert "nightly import" in listed
        assert "valid until" in listed
        assert "other" not in listed


class TestRevoke:
    def test_shuts_the_door_at_once(self, stranger: TestClient) -> None:
        key = run("create")

        run("revoke", key.rpartition("_")[0])

        assert status_with(stranger, key) == 401
        assert "revoked" in run("list")

    def test_of_a_key_that_never_was_says_so(self) -> None:
        with pytest.raises(NotFound, match="cs_nothing1"):
            run("revoke", "cs_nothing1")


class TestScopes:
    def test_are_those_that_were_asked_for(self, stranger: TestClient) -> None:
        narrow = run("create", "--scope", "redacted", "--scope", "submit")

        listed = run("list")

        assert "redacted submit" in listed
        assert status_with(stranger, narrow) == 200
        headers = {"Authorization": f"Bearer {narrow}"}
        assert stranger.get("/v1/jobs", headers=headers).status_code == 200
        assert stranger.get("/v1/webhooks", headers=headers).status_code == 403

    def test_that_do_not_exist_are_refused(self) -> None:
        assert CliRunner().invoke(app, ["create", "--scope", "root"]).exit_code == 2


class TestRotate:
    def test_gives_a_key_like_the_old_one_which_ends_later(self, stranger: TestClient) -> None:
        old = run("create", "--owner", "acme", "--scope", "redacted", "--name", "nightly")

        new = run("rotate", old.rpartition("_")[0])

        assert (status_with(stranger, old), status_with(stranger, new)) == (200, 200)
        rows = [line for line in run("list").splitlines() if "nightly" in line]
        assert len(rows) == 2
        assert all("acme" in row and "redacted" in row for row in rows)
        assert ["valid until" in row for row in rows] == [True, False]

    def test_makes_no_key_last_longer_than_it_would(self) -> None:
        old = run("create", "--expires-in", "1h")

        run("rotate", old.rpartition("_")[0], "--overlap", "90d")

        ends = {line.partition("valid until ")[2].split("│")[0].strip() for line in run("list").splitlines()}
        assert len(ends - {""}) == 1

    def test_of_a_key_that_is_no_good_any_more_is_refused(self) -> None:
        old = run("create")
        run("revoke", old.rpartition("_")[0])

        with pytest.raises(Conflict):
            run("rotate", old.rpartition("_")[0])
