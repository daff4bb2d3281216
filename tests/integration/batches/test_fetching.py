"""Items whose recording lies somewhere else, at an `https://` address."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from core.database import SessionFactory
from core.settings import FetchSettings
from models import Recording
from models.base import JsonObject
from tests.integration.api import stages
from tests.integration.batches.conftest import admitted, items_of, jobs_of, made, tend
from workers.process import Process

URL = "https://calls.example/a.wav?signature=hush"


@pytest.fixture
def fetching(process: Process) -> Process:
    fetch = FetchSettings(enabled=True, hosts=("calls.example",))
    return replace(process, settings=process.settings.model_copy(update={"fetch": fetch}))


def code_of(item: JsonObject) -> object:
    error = item["error"]
    assert isinstance(error, dict)
    return error["code"]


class TestItemByUrl:
    def test_becomes_a_job_that_fetches_it(
        self, client: TestClient, fetching: Process, sessions: SessionFactory
    ) -> None:
        batch_id = made(client, items=[{"url": URL}, {"url": "https://elsewhere.example/b.wav"}])

        admitted(fetching, batch_id)

        first, second = items_of(client, batch_id)
        assert (first["custom_id"], first["status"]) == ("https://calls.example/a.wav", "queued")
        assert code_of(second) == "import_forbidden"
        with sessions.begin() as session:
            assert list(session.scalars(select(Recording.source_url))) == [URL]

    def test_is_refused_where_nothing_is_fetched(self, client: TestClient, process: Process) -> None:
        batch_id = made(client, items=[{"url": URL}])

        admitted(process, batch_id)

        [item] = items_of(client, batch_id)
        assert code_of(item) == "import_forbidden"

    def test_that_failed_before_it_was_fetched_is_fetched_anew(
        self, client: TestClient, fetching: Process, sessions: SessionFactory
    ) -> None:
        batch_id = made(client, items=[{"url": URL}])
        admitted(fetching, batch_id)
        [job] = jobs_of(sessions, batch_id)
        stages.fail(sessions, job.id)
        tend(sessions)

        client.post(f"/v1/batches/{batch_id}/retry-failed")
        admitted(fetching, batch_id)

        with sessions.begin() as session:
            assert list(session.scalars(select(Recording.source_url))) == [URL, URL]
