"""/healthz and /readyz"""

from __future__ import annotations

from pydantic import SecretStr
from starlette.testclient import TestClient

from api.settings import ApiSettings
from core.settings import StorageSettings
from tests.integration.api.conftest import ClientFactory


class TestHealth:
    def test_a_living_process_says_so_to_anybody(self, stranger: TestClient) -> None:
        answer = stranger.get("/healthz")

        assert answer.status_code == 200
        assert answer.json() == {"status": "ok"}


class TestReadiness:
    def test_is_there_when_database_and_storage_answer(self, stranger: TestClient) -> None:
        answer = stranger.get("/readyz")

        assert answer.status_code == 200

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

    def test_names_all_that_is_away_within_seconds(self, client_with: ClientFactory) -> None:
        client = client_with(
            database_url=SecretStr("postgresql://nobody@127.0.0.1:1/nothing"),
            storage=StorageSettings(endpoint_url="http://127.0.0.1:1"),
        )

        answer = client.get("/readyz")

        assert [part["pointer"] for part in answer.json()["errors"]] == ["/database", "/storage"]
