"""A system in which much has happened, its backup, and other servers to restore it into."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url, select, text
from starlette.testclient import TestClient

from backups.making import make_backup
from backups.site import Site
from cli.own_servers import wheel_programs
from core.database import SessionFactory
from core.database_address import driver_url
from core.settings import StorageSettings
from core.storage import ObjectStorage
from migrations.upgrade import upgrade
from models import Channel, Job, Record, Recording
from models.transcript_content import as_json
from tests.integration.api import stages
from tests.integration.api.conftest import (
    api_settings,
    client,
    issue_key,
    key,
    shared_client,
    stranger,
    submit,
)
from tests.integration.api.test_transcripts import CONTENT

__all__ = ["api_settings", "client", "key", "shared_client", "stranger"]

TABLES: Final = [table.name for table in Record.metadata.sorted_tables]


@dataclass(frozen=True, slots=True)
class Life:
    """What there is, by its place in the lives of calls."""

    completed: uuid.UUID
    transcribing: uuid.UUID
    erased: uuid.UUID


@pytest.fixture
def site(database_url: SecretStr, storage: ObjectStorage) -> Site:
    return Site(database_url, storage, wheel_programs())


@pytest.fixture
def life(client: TestClient, sessions: SessionFactory, storage: ObjectStorage) -> Life:
    """Rows in most tables, and every object that they name, one of them in parts."""
    jobs = [submit(client, metadata='{"agent": "Elwetritsch"}') for _ in range(3)]
    completed, transcribing, erased = jobs
    stages.complete(sessions, completed, as_json(CONTENT))
    stages.prepare(sessions, transcribing)
    stages.complete(sessions, erased, as_json(CONTENT))
    client.delete(f"/v1/jobs/{erased}").raise_for_status()
    upload = client.post("/v1/uploads", json={"filename": "Grüße 您好.wav"}).json()["id"]
    client.post("/v1/batches", json={"items": [{"upload_id": upload, "custom_id": "a\tb\\n"}]})
    webhook = client.post("/v1/webhooks", json={"url": "https://hooks.example/a"}).json()["id"]
    client.post(f"/v1/webhooks/{webhook}/test")
    issue_key(sessions, "somebody else")
    with sessions.begin() as session:
        stored = session.scalars(select(Channel.object_key)).all()
        recording = session.get_one(Job, completed).recording_id
        large = session.get_one(Recording, recording).object_key
    for object_key in stored:
        storage.put(object_key, os.urandom(1_000))
    storage.put(large, os.urandom(6_000_000))
    return Life(completed, transcribing, erased)


@pytest.fixture
def backup(site: Site, life: Life, tmp_path: Path) -> Path:
    directory = tmp_path / "backup"
    make_backup(site, directory)
    return directory


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the one is that is made once."""
    return tmp_path_factory.mktemp("kept") / "backup"


@pytest.fixture
def old_backup(kept: Path, request: pytest.FixtureRequest) -> Path:
    """Of a life that is over, for those who only read it."""
    if not kept.exists():
        shutil.copytree(request.getfixturevalue("backup"), kept)
    return kept


@pytest.fixture(scope="session")
def other_bucket(storage_settings: StorageSettings) -> Iterator[StorageSettings]:
    """One for all tests: a store sets much aside for each bucket."""
    settings = storage_settings.model_copy(update={"bucket": "callscribe-restored"})
    client = ObjectStorage(settings).client
    client.create_bucket(Bucket=settings.bucket)
    yield settings
    client.delete_bucket(Bucket=settings.bucket)


@pytest.fixture
def elsewhere(database_url: SecretStr, other_bucket: StorageSettings) -> Iterator[Site]:
    """A database that was just created, and a bucket that has nothing."""
    name = f"restored_{uuid.uuid4().hex}"
    administration = create_engine(driver_url(database_url), isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = make_url(database_url.get_secret_value()).set(database=name)
    storage = ObjectStorage(other_bucket)
    yield Site(SecretStr(url.render_as_string(hide_password=False)), storage, wheel_programs())
    with administration.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    administration.dispose()
    storage.delete_all("")


@pytest.fixture
def migrated(elsewhere: Site) -> Site:
    """With tables, but nothing in them."""
    upgrade(elsewhere.database_url)
    return elsewhere


def rows_of(site: Site) -> dict[str, list[str]]:
    """Every row of every table, as Postgres writes it."""
    with site.moment() as connection:
        return {
            name: sorted(connection.execute(text(f"SELECT row::text FROM {name} AS row")).scalars())
            for name in [*TABLES, "alembic_version"]
        }


def objects_of(site: Site) -> dict[str, bytes]:
    return {key: content_of(site.storage, key) for key in site.storage.keys("")}


def content_of(storage: ObjectStorage, key: str) -> bytes:
    size = storage.head(key).size_bytes
    return storage.read(key, first_byte=0, last_byte=size - 1)


def keys_named(site: Site) -> set[str]:
    """By columns, told here once more."""
    columns = {
        "recordings": "object_key FROM recordings WHERE erased_at IS NULL",
        "channels": "object_key FROM channels",
        "batches": "source_key FROM batches WHERE to_admit AND source_key IS NOT NULL",
    }
    with site.moment() as connection:
        return {
            key for query in columns.values() for key in connection.execute(text(f"SELECT {query}")).scalars()
        }
