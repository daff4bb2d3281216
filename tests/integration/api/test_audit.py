"""What the audit log has: who did what to which thing, and nothing of what was said."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from ipaddress import ip_network
from typing import Final, TypeAlias

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError
from starlette.testclient import TestClient
from typer import Typer
from typer.testing import CliRunner

from api.settings import ApiSettings
from cli.commands.audit import audit
from core.database import SessionFactory
from models import AuditAction, AuditEntry
from models.transcript_content import as_json
from tests.integration.api import stages
from tests.integration.api.conftest import submit
from tests.integration.api.live import served
from tests.integration.api.test_transcripts import CONTENT

Shown: TypeAlias = Callable[..., list[dict[str, str]]]
URL: Final = "https://hooks.example/callscribe"


def entries(sessions: SessionFactory) -> list[AuditEntry]:
    with sessions.begin() as session:
        return list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))


def actions(sessions: SessionFactory) -> list[tuple[str, str | None]]:
    return [(entry.action.value, entry.subject) for entry in entries(sessions)]


class TestJobs:
    def test_from_their_beginning_to_their_erasure(
        self, client: TestClient, sessions: SessionFactory
    ) -> None:
        job_id = submit(client)
        stages.complete(sessions, job_id, as_json(CONTENT))
        client.get(f"/v1/jobs/{job_id}/transcript?format=srt")
        client.delete(f"/v1/jobs/{job_id}")

        told = [(action, str(job_id)) for action in ("job.submitted", "transcript.read", "job.erased")]
        assert actions(sessions) == told

    def test_with_key_address_and_request(
        self, client: TestClient, key: str, owner_id: uuid.UUID, sessions: SessionFactory
    ) -> None:
        client.post(
            "/v1/jobs", files={"file": ("a.wav", b"RIFF")}, headers={"X-Request-ID": "order-66"}
        ).raise_for_status()

        (entry,) = entries(sessions)
        assert (entry.owner_id, entry.actor) == (owner_id, key.rpartition("_")[0])
        assert (entry.address, entry.request_id) == ("testclient", "order-66")

    @pytest.mark.parametrize(
        ("trusted", "address"),
        [
            pytest.param(("127.0.0.0/8",), "203.0.113.9", id="what the proxy saw, not what it was told"),
            pytest.param(("10.0.0.0/8",), "127.0.0.1", id="a stranger's word is nothing"),
            pytest.param(("127.0.0.0/8", "203.0.113.0/24"), "198.51.100.1", id="a proxy behind a proxy"),
        ],
    )
    def test_with_the_address_that_a_trusted_proxy_tells(
        self,
        *,
        api_settings: ApiSettings,
        key: str,
        sessions: SessionFactory,
        trusted: tuple[str, ...],
        address: str,
    ) -> None:
        settings = api_settings.model_copy(update={"trusted_proxies": tuple(map(ip_network, trusted))})
        with served(settings, key) as api, api.client() as client:
            client.post(
                "/v1/jobs",
                files={"file": ("a.wav", b"RIFF")},
                headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.9"},
            ).raise_for_status()

        (entry,) = entries(sessions)
        assert entry.address == address

    def test_that_came_by_an_upload_or_another_way(
        self, client: TestClient, sessions: SessionFactory
    ) -> None:
        job_id = submit(client)
        client.post(f"/v1/jobs/{job_id}/cancel")
        again = client.post(f"/v1/jobs/{job_id}/retry").json()["id"]

        told = [("job.submitted", str(job_id)), ("job.canceled", str(job_id)), ("job.submitted", again)]
        assert actions(sessions) == told

    def test_are_told_once_for_a_request_that_was_sent_again(
        self, client: TestClient, sessions: SessionFactory
    ) -> None:
        for _ in range(2):
            client.post(
                "/v1/jobs", files={"file": ("a.wav", b"RIFF")}, headers={"Idempotency-Key": "one"}
            ).raise_for_status()

        assert len(entries(sessions)) == 1

    def test_of_which_nothing_came_are_not_there(self, client: TestClient, sessions: SessionFactory) -> None:
        client.post("/v1/jobs", files={"file": ("a.wav", b"RIFF")}, data={"model": "none"})
        client.get(f"/v1/jobs/{uuid.uuid4()}/transcript")

        assert entries(sessions) == []


class TestOthers:
    def test_batches_and_what_was_read_of_them(self, client: TestClient, sessions: SessionFactory) -> None:
        batch = client.post("/v1/batches", json={"open": True}).json()["id"]
        for method, path in (
            ("POST", "/close"),
            ("GET", "/results"),
            ("GET", "/review"),
            ("GET", "/errors"),
            ("POST", "/cancel"),
        ):
            client.request(method, f"/v1/batches/{batch}{path}")

        told = ["batch.made", "batch.closed", "batch.results_read", "batch.reviewed", "batch.canceled"]
        assert actions(sessions) == [(action, batch) for action in told]

    def test_webhooks_and_their_secrets(self, client: TestClient, sessions: SessionFactory) -> None:
        webhook = client.post("/v1/webhooks", json={"url": URL}).json()["id"]
        here = f"/v1/webhooks/{webhook}"
        client.get(f"{here}/secret")
        client.post(f"{here}/rotate-secret")
        client.patch(here, json={"description": "QA"})
        client.delete(here)

        told = ["made", "secret_read", "secret_rotated", "changed", "deleted"]
        assert actions(sessions) == [(f"webhook.{action}", webhook) for action in told]

    def test_no_secret_and_no_text(self, client: TestClient, key: str, sessions: SessionFactory) -> None:
        job_id = submit(client, metadata='{"agent": "Li Wei"}')
        stages.complete(sessions, job_id, as_json(CONTENT))
        client.get(f"/v1/jobs/{job_id}/transcript")
        secret = client.post("/v1/webhooks", json={"url": URL}).json()["secret"]

        with sessions.begin() as session:
            rows = session.execute(text("SELECT audit_entries::text FROM audit_entries")).scalars().all()
        assert len(rows) == 3
        assert not [row for row in rows for told in ("您好", "Li Wei", secret, key, URL) if told in row]


class TestTable:
    @pytest.mark.parametrize(
        "change", ["UPDATE audit_entries SET actor = 'nobody'", "DELETE FROM audit_entries"]
    )
    def test_takes_no_changes(self, client: TestClient, sessions: SessionFactory, change: str) -> None:
        submit(client)

        with pytest.raises(ProgrammingError, match="takes no changes"), sessions.begin() as session:
            session.execute(text(change))

        assert len(entries(sessions)) == 1


class TestCommand:
    @pytest.fixture
    def shown(self, database_url: SecretStr, monkeypatch: pytest.MonkeyPatch) -> Shown:
        monkeypatch.setenv("CALLSCRIBE_DATABASE_URL", database_url.get_secret_value())
        app = Typer()
        app.command()(audit)

        def show(*options: str) -> list[dict[str, str]]:
            result = CliRunner().invoke(app, [*options, "--json"], catch_exceptions=False)
            assert result.exit_code == 0, result.output
            return [json.loads(line) for line in result.stdout.splitlines()]

        return show

    def test_shows_the_newest_first(self, client: TestClient, shown: Shown) -> None:
        first, second = submit(client), submit(client)

        assert [row["subject"] for row in shown()] == [str(second), str(first)]
        assert [row["subject"] for row in shown("--limit", "1")] == [str(second)]

    def test_finds_by_what_was_asked_for(self, client: TestClient, key: str, shown: Shown) -> None:
        job_id = submit(client)

        for option, value in (
            ("--subject", str(job_id)),
            ("--owner", "tests"),
            ("--actor", key.rpartition("_")[0]),
        ):
            assert [row["action"] for row in shown(option, value)] == [AuditAction.JOB_SUBMITTED]
            assert shown(option, "somebody else") == []
        assert shown("--since", "2099-01-01") == []
