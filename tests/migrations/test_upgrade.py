"""The migrations make the schema that the models describe."""

from __future__ import annotations

import subprocess
import sys

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import SecretStr
from sqlalchemy import create_engine, text

from core.database_address import driver_url
from embedded.settings import inherited_environment
from migrations.upgrade import upgrade
from models import Record


def differences(url: SecretStr) -> list[object]:
    engine = create_engine(driver_url(url))
    try:
        with engine.connect() as connection:
            return list(compare_metadata(MigrationContext.configure(connection), Record.metadata))
    finally:
        engine.dispose()


def storage_parameters(url: SecretStr) -> dict[str, dict[str, str]]:
    """By table; Alembic does not compare them."""
    engine = create_engine(driver_url(url))
    query = text("SELECT relname, reloptions FROM pg_class WHERE relkind = 'r' AND reloptions IS NOT NULL")
    try:
        with engine.connect() as connection:
            return {
                name: dict(option.split("=") for option in options)
                for name, options in connection.execute(query)
            }
    finally:
        engine.dispose()


class TestUpgrade:
    def test_makes_what_the_models_describe(self, empty_database: SecretStr) -> None:
        upgrade(empty_database)

        assert differences(empty_database) == []
        assert storage_parameters(empty_database) == {
            name: dict(table.dialect_options["postgresql"]["with"])
            for name, table in Record.metadata.tables.items()
            if table.dialect_options["postgresql"]["with"]
        }

    def test_a_second_run_changes_nothing(self, empty_database: SecretStr) -> None:
        upgrade(empty_database)
        upgrade(empty_database)

        assert differences(empty_database) == []

    def test_two_migrators_at_once_do_not_collide(
        self, empty_database: SecretStr, environment: dict[str, str]
    ) -> None:
        settings = {**environment, "CALLSCRIBE_DATABASE_URL": empty_database.get_secret_value()}
        command = [sys.executable, "-m", "cli.main", "migrate"]

        migrators = [subprocess.Popen(command, env={**inherited_environment(), **settings}) for _ in range(2)]

        assert [migrator.wait(timeout=120) for migrator in migrators] == [0, 0]
        assert differences(empty_database) == []
