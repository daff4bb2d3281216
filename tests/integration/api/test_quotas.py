"""What an owner may have at a time."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import update
from starlette.testclient import TestClient
from typer.testing import CliRunner

from cli.commands.owners import app
from core.database import SessionFactory
from core.storage import ObjectStorage
from models import Owner
from models.transcript_content import as_json
from tests.integration.api import stages
from tests.integration.api.conftest import ClientFactory, objects_of, submit
from tests.integration.api.test_transcripts import CONTENT

AUDIO = b"RIFF" + bytes(15_996)
"""A second, as long as nobody has decoded it."""
Limit = Callable[..., None]


@pytest.fixture
def limit(sessions: SessionFactory, owner_id: uuid.UUID) -> Limit:
    def change(**quotas: float) -> None:
        with sessions.begin() as session:
            session.execute(update(Owner).where(Owner.id == owner_id).values(quotas))

    return change


def status_of(client: TestClient) -> int:
    return client.post("/v1/jobs", files={"file": ("call.wav", AUDIO)}).status_code


class TestQuotas:
    @pytest.mark.parametrize(
        "quotas", [{"quota_jobs": 2}, {"quota_audio_seconds": 2.5}, {"quota_bytes": 2 * len(AUDIO)}]
    )
    def test_are_what_an_owner_may_have(
        self,
        client: TestClient,
        limit: Limit,
        storage: ObjectStorage,
        owner_id: uuid.UUID,
        quotas: dict[str, float],
    ) -> None:
        limit(**quotas)

        statuses = [status_of(client) for _ in range(3)]
        refused = client.post("/v1/jobs", files={"file": ("call.wav", AUDIO)})

        assert statuses == [202, 202, 429]
        assert (refused.json()["code"], refused.headers["Retry-After"]) == ("quota_exceeded", "60")
        assert len(objects_of(storage, owner_id)) == 2

    def test_are_of_those_that_are_not_over(
        self, client: TestClient, limit: Limit, sessions: SessionFactory
    ) -> None:
        limit(quota_jobs=1, quota_audio_seconds=1.5)
        job_id = submit(client)

        assert status_of(client) == 429
        stages.complete(sessions, job_id, as_json(CONTENT))
        assert status_of(client) == 202

    def test_of_bytes_are_of_those_that_are_not_erased(self, client: TestClient, limit: Limit) -> None:
        limit(quota_bytes=len(AUDIO))
        job = client.post("/v1/jobs", files={"file": ("call.wav", AUDIO)}).json()
        client.post(f"/v1/jobs/{job['id']}/cancel")

        assert status_of(client) == 429
        client.delete(f"/v1/jobs/{job['id']}")
        assert status_of(client) == 202

    def test_of_other_owners_do_not_count(
        self, client: TestClient, limit: Limit, sessions: SessionFactory
    ) -> None:
        with sessions.begin() as session:
            session.add(Owner(name="small", quota_jobs=1))
        limit(quota_jobs=2)

        assert [status_of(client) for _ in range(3)] == [202, 202, 429]

    def test_hold_for_requests_that_come_at_once(self, client_with: ClientFactory, limit: Limit) -> None:
        limit(quota_jobs=3)
        client = client_with()

        with ThreadPoolExecutor(8) as threads:
            statuses = list(threads.map(lambda _: status_of(client), range(8)))

        assert sorted(statuses) == [202] * 3 + [429] * 5

    def test_leave_an_upload_for_later(self, client: TestClient, limit: Limit) -> None:
        limit(quota_jobs=0)
        upload = client.post("/v1/uploads", json={}).json()
        headers = upload["headers"]
        httpx.put(upload["url"], content=AUDIO, headers=headers, trust_env=False).raise_for_status()
        wanted = {"upload_id": upload["id"]}

        refused = client.post("/v1/jobs", json=wanted)
        limit(quota_jobs=1)
        taken = client.post("/v1/jobs", json=wanted)

        assert (refused.status_code, taken.status_code) == (429, 202)


class TestOwnersCommand:
    @pytest.fixture(autouse=True)
    def database(
        self, database_url: SecretStr, sessions: SessionFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CALLSCRIBE_DATABASE_URL", database_url.get_secret_value())

    def run(self, *arguments: str) -> str:
        result = CliRunner().invoke(app, arguments, catch_exceptions=False, env={"COLUMNS": "200"})
        assert result.exit_code == 0, result.output
        return result.stdout

    def test_sets_and_lifts_quotas(self, client: TestClient) -> None:
        self.run("set", "tests", "--jobs", "1", "--audio-hours", "2", "--gib", "0.5", "--weight", "3")

        assert [status_of(client) for _ in range(2)] == [202, 429]
        (row,) = [line for line in self.run("list").splitlines() if "tests" in line]
        assert [cell.strip() for cell in row.strip("│ ").split("│")][:3] == ["tests", "3", "1 of 1"]
        self.run("set", "tests", "--jobs", "0")
        assert status_of(client) == 202
