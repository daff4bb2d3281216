"""A migrated database, emptied before each test, and the bucket beside it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from core.database import SessionFactory, engine_of, open_sessions
from core.settings import StorageSettings
from core.storage import ObjectStorage
from migrations.upgrade import upgrade
from models import Record


@pytest.fixture(scope="session")
def database_url(environment: dict[str, str]) -> SecretStr:
    """Migrated to the newest schema."""
    url = SecretStr(environment["CALLSCRIBE_DATABASE_URL"])
    upgrade(url)
    return url


@pytest.fixture(scope="session")
def session_pool(database_url: SecretStr) -> Iterator[SessionFactory]:
    sessions = open_sessions(database_url, process="tests", pool_size=20)
    yield sessions
    engine_of(sessions).dispose()


@pytest.fixture
def sessions(session_pool: SessionFactory) -> SessionFactory:
    """Sessions on empty tables."""
    tables = ", ".join(table.name for table in Record.metadata.sorted_tables)
    with session_pool.begin() as session:
        session.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    return session_pool


@pytest.fixture(scope="session")
def storage_settings(environment: dict[str, str]) -> StorageSettings:
    prefix = "CALLSCRIBE_STORAGE__"
    values = {
        name.removeprefix(prefix).lower(): value
        for name, value in environment.items()
        if name.startswith(prefix)
    }
    return StorageSettings.model_validate(values)


@pytest.fixture(scope="session")
def storage(storage_settings: StorageSettings) -> ObjectStorage:
    return ObjectStorage(storage_settings)
