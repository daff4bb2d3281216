"""Postgres and a store as docs/hardening.md sets them up, and Callscribe's processes on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from embedded.supervisor import Supervisor
from tests.integration.hardening import logins, stores
from tests.integration.hardening.logins import Database
from tests.integration.hardening.stores import Store


@pytest.fixture(scope="package")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hardening")


@pytest.fixture(scope="package")
def servers(directory: Path) -> Iterator[Supervisor]:
    with Supervisor(directory) as supervisor:
        yield supervisor
        supervisor.stop(*supervisor.processes)


@pytest.fixture(scope="package")
def database(environment: dict[str, str]) -> Iterator[Database]:
    server = environment["CALLSCRIBE_DATABASE_URL"]
    with logins.empty(server) as database:
        logins.set_up(database)
        yield database
    logins.forget(server)


@pytest.fixture(scope="package")
def store(directory: Path, servers: Supervisor, authority: trustme.CA, ca_file: Path) -> Store:
    return stores.start(directory / "store", servers, authority, ca_file)
