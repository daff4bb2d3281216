"""The API on real servers, driven without a network in between."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from typing import cast

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.testclient import TestClient

from api.app import create_app
from api.resources import Resources
from api.settings import ApiSettings
from core.database import SessionFactory
from core.settings import StorageSettings
from core.storage import ObjectStorage
from models.repositories.api_keys import ApiKeyRepository
from models.repositories.owners import OwnerRepository

ClientFactory = Callable[..., TestClient]
OWNER = "tests"


@pytest.fixture(scope="session")
def api_settings(database_url: SecretStr, environment: dict[str, str]) -> ApiSettings:
    prefix = "CALLSCRIBE_STORAGE__"
    storage = {
        name.removeprefix(prefix).lower(): value
        for name, value in environment.items()
        if name.startswith(prefix)
    }
    return ApiSettings(
        database_url=database_url,
        storage=StorageSettings.model_validate(storage),
        models=("scripted", "whisper-base", "whisper-tiny.en"),
    )


@pytest.fixture(scope="session")
def shared_client(api_settings: ApiSettings) -> Iterator[TestClient]:
    with TestClient(create_app(api_settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def stranger(shared_client: TestClient, sessions: SessionFactory) -> TestClient:
    """Somebody without a key."""
    shared_client.headers.pop("Authorization", None)
    return shared_client


@pytest.fixture
def owner_id(sessions: SessionFactory) -> uuid.UUID:
    with sessions.begin() as session:
        return OwnerRepository(session).named(OWNER).id


@pytest.fixture
def key(sessions: SessionFactory) -> str:
    return issue_key(sessions, OWNER)


@pytest.fixture
def client(stranger: TestClient, key: str) -> TestClient:
    stranger.headers["Authorization"] = f"Bearer {key}"
    return stranger


@pytest.fixture
def client_with(api_settings: ApiSettings, key: str) -> Iterator[ClientFactory]:
    """An API of other settings."""
    with ExitStack() as closing:

        def start(**changes: object) -> TestClient:
            app = create_app(api_settings.model_copy(update=changes))
            client = TestClient(app, raise_server_exceptions=False)
            client.headers["Authorization"] = f"Bearer {key}"
            return closing.enter_context(client)

        yield start


def storage_at(api_settings: ApiSettings, port: int) -> StorageSettings:
    """The same store, looked for at a port where it is not."""
    return api_settings.storage.model_copy(update={"endpoint_url": f"http://127.0.0.1:{port}"})


def issue_key(sessions: SessionFactory, owner_name: str, *, expires_at: datetime | None = None) -> str:
    with sessions.begin() as session:
        owner = OwnerRepository(session).named(owner_name)
        return ApiKeyRepository(session).issue(owner, name="test", expires_at=expires_at).shown


def submit(client: TestClient, **fields: str) -> uuid.UUID:
    answer = client.post("/v1/jobs", files={"file": ("call.wav", b"RIFF")}, data=fields)
    assert answer.status_code == 202, answer.text
    return uuid.UUID(answer.json()["id"])


def objects_of(storage: ObjectStorage, owner_id: uuid.UUID) -> list[str]:
    return storage.keys(f"recordings/{owner_id}/")


def unfinished_of(storage: ObjectStorage, owner_id: uuid.UUID) -> list[str]:
    """Objects of which parts lie in storage, and which are not there as a whole."""
    answer = storage.client.list_multipart_uploads(Bucket=storage.bucket, Prefix=f"recordings/{owner_id}/")
    return [upload["Key"] for upload in answer.get("Uploads", [])]


def resources_of(client: TestClient) -> Resources:
    """What the running application holds."""
    app = cast(FastAPI, client.app)
    return cast(Resources, app.state.resources)
