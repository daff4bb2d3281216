"""What the API does beside answering a request, which its login may do behind the wall only."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import ApiSettings
from core.database import SessionFactory, engine_of, open_sessions
from tests.integration.api.conftest import issue_key
from tests.integration.api.faults import failing_commits
from tests.integration.hardening.logins import Database
from tests.integration.hardening.stores import Store


@pytest.fixture
def administration(database: Database) -> Iterator[SessionFactory]:
    url = SecretStr(database.administration.render_as_string(hide_password=False))
    sessions = open_sessions(url, process="tests")
    yield sessions
    engine_of(sessions).dispose()


@pytest.fixture
def client(database: Database, store: Store, administration: SessionFactory) -> Iterator[TestClient]:
    settings = ApiSettings(
        database_url=SecretStr(database.url("api")), storage=store.settings("api"), models=("scripted",)
    )
    headers = {"Authorization": f"Bearer {issue_key(administration, 'unlucky')}"}
    with TestClient(create_app(settings), headers=headers, raise_server_exceptions=False) as client:
        yield client


def test_a_recording_whose_job_could_not_be_written_is_removed(
    client: TestClient, store: Store, administration: SessionFactory
) -> None:
    operator = store.as_role("operator")
    before = operator.keys("recordings/")

    with failing_commits(administration, "RAISE EXCEPTION 'no room'"):
        answer = client.post("/v1/jobs", files={"file": ("call.wav", b"RIFF")})

    assert answer.status_code == 500
    assert operator.keys("recordings/") == before
