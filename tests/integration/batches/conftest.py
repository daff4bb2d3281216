"""The API beside the workers that admit what it was told of."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select
from starlette.testclient import TestClient

from api.settings import ApiSettings
from core.database import SessionFactory
from core.settings import StorageSettings
from core.storage import ObjectStorage
from models import Job
from models.base import JsonObject
from models.transcript_content import as_json
from tests.integration.api import stages
from tests.integration.api.conftest import api_settings as plain_settings
from tests.integration.api.conftest import (
    client,
    key,
    owner_id,
    shared_client,
    stranger,
)
from tests.integration.api.test_transcripts import CONTENT
from workers.batches.stage import admit_batch
from workers.preparation.decoder.nursery import Nursery
from workers.process import Process
from workers.settings import WorkerSettings
from workers.upkeep.cancel_batches import cancel_batches
from workers.upkeep.complete_batches import complete_batches

__all__ = ["client", "key", "owner_id", "plain_settings", "shared_client", "stranger"]

IMPORTS = "imports/"
"""Where batches may read, in the tests' bucket."""


@pytest.fixture(scope="session")
def api_settings(plain_settings: ApiSettings) -> ApiSettings:
    """Of an API that lets batches read in the same place as its workers do."""
    allowed = (f"s3://{plain_settings.storage.bucket}/{IMPORTS}",)
    storage = plain_settings.storage.model_copy(update={"import_from": allowed})
    return plain_settings.model_copy(update={"storage": storage})


@pytest.fixture
def process(
    environment: dict[str, str],
    sessions: SessionFactory,
    storage: ObjectStorage,
    storage_settings: StorageSettings,
) -> Iterator[Process]:
    settings = WorkerSettings(
        database_url=SecretStr(environment["CALLSCRIBE_DATABASE_URL"]),
        broker_url=SecretStr(environment["CALLSCRIBE_BROKER_URL"]),
        storage=storage_settings.model_copy(update={"import_from": (f"s3://{storage.bucket}/{IMPORTS}",)}),
        models=("scripted", "whisper-base", "whisper-tiny.en"),
        retry_pause=0,
    )
    with closing(Nursery()) as nursery:
        yield Process(settings=settings, sessions=sessions, storage=storage, nursery=nursery)


@pytest.fixture
def uploaded(client: TestClient) -> Callable[..., str]:
    """Puts something where the API says, and returns the upload's id."""

    def put(content: bytes = b"RIFF", filename: str = "call.wav") -> str:
        upload = client.post("/v1/uploads", json={"filename": filename}).json()
        put = httpx.put(upload["url"], content=content, headers=upload["headers"], trust_env=False)
        put.raise_for_status()
        upload_id: str = upload["id"]
        return upload_id

    return put


def made(client: TestClient, **fields: object) -> uuid.UUID:
    answer = client.post("/v1/batches", json=fields)
    assert answer.status_code == 201, answer.text
    return uuid.UUID(answer.json()["id"])


def admitted(process: Process, batch_id: uuid.UUID) -> None:
    """Every item that waits."""
    admit_batch(process, batch_id, longest=timedelta(minutes=1))


def tend(sessions: SessionFactory) -> None:
    """What the dispatcher does of itself."""
    for duty in (cancel_batches, complete_batches):
        with sessions.begin() as session:
            duty(session)


def counts_of(client: TestClient, batch_id: uuid.UUID) -> dict[str, int]:
    """Those that are not 0."""
    counts: dict[str, int] = client.get(f"/v1/batches/{batch_id}").json()["request_counts"]
    return {name: count for name, count in counts.items() if count}


def items_of(client: TestClient, batch_id: uuid.UUID, **query: object) -> list[JsonObject]:
    answer = client.get(f"/v1/batches/{batch_id}/items", params={"limit": 1000, **query})  # type: ignore[dict-item]
    items: list[JsonObject] = answer.json()["data"]
    return items


def jsonl(items: Sequence[object]) -> bytes:
    return "".join(json.dumps(item) + "\n" for item in items).encode()


def jobs_of(sessions: SessionFactory, batch_id: uuid.UUID) -> list[Job]:
    with sessions.begin() as session:
        return list(session.scalars(select(Job).where(Job.batch_id == batch_id).order_by(Job.custom_id)))


def complete(sessions: SessionFactory, job_id: uuid.UUID) -> None:
    stages.complete(sessions, job_id, as_json(CONTENT))
