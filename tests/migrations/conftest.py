"""A database that nothing was done to."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url, text

from core.database_address import driver_url


@pytest.fixture
def empty_database(environment: dict[str, str]) -> Iterator[SecretStr]:
    """A database of this test's own."""
    name = f"migration_{uuid.uuid4().hex}"
    server = SecretStr(environment["CALLSCRIBE_DATABASE_URL"])
    administration = create_engine(driver_url(server), isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = make_url(server.get_secret_value()).set(database=name)
    yield SecretStr(url.render_as_string(hide_password=False))
    with administration.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    administration.dispose()
