"""A system's database and bucket, as a backup sees them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import Connection

from core.database import SessionFactory, engine_of, open_for_long, open_sessions
from core.storage import ObjectStorage
from models.repositories.stored_objects import PREFIXES


@dataclass(frozen=True, slots=True)
class Site:
    database_url: SecretStr
    storage: ObjectStorage
    program_directories: Sequence[Path] = ()
    """Where pg_dump may be beside the PATH."""

    @contextmanager
    def moment(self) -> Iterator[Connection]:
        """One transaction that sees one moment for as long as it lasts, and changes nothing."""
        with self._connected() as connection:
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection

    @contextmanager
    def change(self) -> Iterator[Connection]:
        """One transaction, committed in the end."""
        with self._connected() as connection, connection.begin():
            yield connection

    @contextmanager
    def sessions(self) -> Iterator[SessionFactory]:
        sessions = open_sessions(self.database_url, process="backup", pool_size=1)
        try:
            yield sessions
        finally:
            engine_of(sessions).dispose()

    def has_objects(self) -> bool:
        return any(self.storage.page(prefix, limit=1).objects for prefix in PREFIXES)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        engine = open_for_long(self.database_url, process="backup")
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()
