"""The migrations make the schema that the models describe."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

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


class TestPlainUser:
    """Whoever migrates need not make roles, if an administrator made the one and let it in."""

    @pytest.fixture
    def plain_user(self, empty_database: SecretStr) -> Iterator[SecretStr]:
        """It has a database, and nothing else."""
        url = make_url(empty_database.get_secret_value())
        engine = create_engine(driver_url(empty_database), isolation_level="AUTOCOMMIT")
        with engine.connect() as administrator:
            administrator.execute(text("CREATE ROLE test_migrator LOGIN PASSWORD 'x'"))
            administrator.execute(text(f"ALTER DATABASE {url.database} OWNER TO test_migrator"))
        yield SecretStr(url.set(username="test_migrator", password="x").render_as_string(hide_password=False))
        with engine.connect() as administrator:
            administrator.execute(text(f"REASSIGN OWNED BY test_migrator TO {url.username}"))
            administrator.execute(text("DROP OWNED BY test_migrator"))
            administrator.execute(text("DROP ROLE test_migrator"))
        engine.dispose()

    def test_whom_an_administrator_let_in_migrates(
        self, empty_database: SecretStr, plain_user: SecretStr
    ) -> None:
        engine = create_engine(driver_url(empty_database), isolation_level="AUTOCOMMIT")
        with engine.connect() as administrator:
            administrator.execute(
                text("DO 'BEGIN CREATE ROLE callscribe_tenant; EXCEPTION WHEN duplicate_object THEN END'")
            )
            administrator.execute(text("GRANT callscribe_tenant TO test_migrator"))
        engine.dispose()

        upgrade(plain_user)

        assert differences(plain_user) == []

    def test_whom_nobody_let_in_is_told_what_to_ask_for(self, plain_user: SecretStr) -> None:
        with pytest.raises(ProgrammingError, match="an administrator must"):
            upgrade(plain_user)
