"""/healthz and /readyz"""

from __future__ import annotations

import socket

from pydantic import SecretStr
from sqlalchemy import update
from starlette.testclient import TestClient

from api.settings import ApiSettings
from core.database import SessionFactory
from models import PrepareWorker
from models.repositories.prepare_workers import PrepareWorkerRepository
from models.repositories.workers import PRESENT_FOR
from tests.integration.api.conftest import ClientFactory, storage_at


class TestHealth:
    def test_a_living_process_says_so_to_anybody(self, stranger: TestClient) -> None:
        answer = stranger.get("/healthz")

        assert answer.status_code == 200
        assert answer.json() == {"status": "ok"}


class TestReadiness:
    def test_is_there_when_database_and_storage_answer(self, stranger: TestClient) -> None:
        answer = stranger.get("/readyz")

        assert answer.status_code == 200
        assert answer.json() == {"status": "ok", "decoders": {"workers": 0, "missing_walls": []}}

    def test_tells_what_decoders_lack_on_any_machine(
        self, stranger: TestClient, sessions: SessionFactory
    ) -> None:
        with sessions.begin() as session:
            workers = PrepareWorkerRepository(session)
            workers.beat("one", missing_walls=())
            workers.beat("two", missing_walls=("network", "files"))
            workers.beat("three", missing_walls=("landlock",))
            session.execute(
                update(PrepareWorker)
                .where(PrepareWorker.name == "three")
                .values(seen_at=PrepareWorker.seen_at - PRESENT_FOR)
            )

        answer = stranger.get("/readyz")

        assert answer.status_code == 200
        assert answer.json()["decoders"] == {"workers": 2, "missing_walls": ["files", "network"]}

    def test_names_the_database_when_it_is_away(self, client_with: ClientFactory) -> None:
        client = client_with(database_url=SecretStr("postgresql://nobody@127.0.0.1:1/nothing"))

        answer = client.get("/readyz")

        assert answer.status_code == 503
        assert answer.json()["code"] == "not_ready"
        assert [part["pointer"] for part in answer.json()["errors"]] == ["/database"]
        assert answer.headers["Retry-After"]

    def test_names_storage_when_its_bucket_is_missing(
        self, client_with: ClientFactory, api_settings: ApiSettings
    ) -> None:
        storage = api_settings.storage.model_copy(update={"bucket": "no-such-bucket"})

        answer = client_with(storage=storage).get("/readyz")

        assert answer.status_code == 503
        assert [part["code"] for part in answer.json()["errors"]] == ["storage_unavailable"]

    def test_what_hangs_is_as_good_as_away(
        self, client_with: ClientFactory, api_settings: ApiSettings
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            client = client_with(storage=storage_at(api_settings, port))

            answer = client.get("/readyz")

        assert answer.status_code == 503
        assert [part["detail"] for part in answer.json()["errors"]] == ["No answer within 3 s."]

    def test_names_all_that_is_away_within_seconds(
        self, client_with: ClientFactory, api_settings: ApiSettings
    ) -> None:
        client = client_with(
            database_url=SecretStr("postgresql://nobody@127.0.0.1:1/nothing"),
            storage=storage_at(api_settings, 1),
        )

        answer = client.get("/readyz")

        assert [part["pointer"] for part in answer.json()["errors"]] == ["/database", "/storage"]
