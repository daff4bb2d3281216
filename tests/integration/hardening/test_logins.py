"""What each login of deploy/postgres may not do."""

from __future__ import annotations

from typing import Final

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from tests.integration.hardening import logins
from tests.integration.hardening.logins import LOGINS, Database

RUNNING: Final = [login for login in LOGINS if login != "migrate"]
AS_OWNER: Final = "SET ROLE callscribe_tenant; "
"""What the API becomes for a request."""

FORBIDDEN: Final = {
    "api": [
        # Whoever forgets the wall is refused, and not shown everything.
        "SELECT * FROM jobs",
        "SELECT * FROM transcripts",
        "INSERT INTO api_keys DEFAULT VALUES",
        "UPDATE api_keys SET revoked_at = NULL",
        "DELETE FROM api_keys",
        f"{AS_OWNER}UPDATE audit_entries SET actor = 'nobody'",
        f"{AS_OWNER}DELETE FROM audit_entries",
        f"{AS_OWNER}TRUNCATE audit_entries",
        f"{AS_OWNER}SELECT * FROM alembic_version",
    ],
    "dispatcher": [
        "SELECT secret_sha256 FROM api_keys",
        "SELECT * FROM audit_entries",
        "SELECT * FROM transcripts",
        "SELECT * FROM hypotheses",
        "SELECT * FROM webhook_secrets",
        "UPDATE owners SET weight = 9",
    ],
    "worker": [
        "SELECT secret_sha256 FROM api_keys",
        "SELECT * FROM audit_entries",
        "SELECT * FROM idempotency_keys",
        "SELECT secret FROM webhook_secrets",
        "UPDATE owners SET weight = 9",
    ],
    "deliver": [
        "SELECT secret_sha256 FROM api_keys",
        "SELECT * FROM jobs",
        "SELECT * FROM recordings",
        "SELECT * FROM transcripts",
        "UPDATE events SET payload = NULL",
        "DELETE FROM webhook_secrets",
    ],
    "operator": [
        "SELECT * FROM transcripts",
        "SELECT * FROM webhook_secrets",
        "DELETE FROM api_keys",
        "UPDATE audit_entries SET actor = 'nobody'",
    ],
}
NOBODY_MAY: Final = (
    "DROP TABLE jobs",
    "ALTER TABLE jobs DISABLE ROW LEVEL SECURITY",
    "DROP POLICY own_rows ON jobs",
    "TRUNCATE jobs CASCADE",
    "CREATE TABLE mine (id int)",
    "CREATE TEMPORARY TABLE mine (id int)",
    "CREATE ROLE mine",
    "SELECT * FROM alembic_version",
    "DELETE FROM audit_entries",
)


def refuses(database: Database, login: str, statement: str) -> bool:
    """Nothing is kept of what is not refused."""
    with psycopg.connect(database.url(login)) as connection:
        try:
            connection.execute(statement)
        except InsufficientPrivilege:
            return True
        finally:
            connection.rollback()
    return False


@pytest.mark.parametrize("login", RUNNING)
def test_a_login_may_not_do_the_work_of_others(database: Database, login: str) -> None:
    statements = [*FORBIDDEN[login], *NOBODY_MAY]

    assert [each for each in statements if not refuses(database, login, each)] == []


@pytest.mark.parametrize("login", [each for each in RUNNING if each != "api"])
def test_only_the_api_becomes_an_owner(database: Database, login: str) -> None:
    assert refuses(database, login, "SET ROLE callscribe_tenant")


@pytest.mark.parametrize("login", RUNNING)
def test_a_login_may_not_become_the_owner_of_the_tables(database: Database, login: str) -> None:
    assert refuses(database, login, "SET ROLE callscribe_migrate")


def test_a_stranger_of_the_same_server_may_not_come_in(database: Database) -> None:
    administration = database.administration.render_as_string(hide_password=False)
    with psycopg.connect(administration) as connection:
        query = "SELECT has_database_privilege('callscribe_tenant', current_database(), 'CONNECT')"
        row = connection.execute(query).fetchone()

    assert row == (False,)


def test_tables_of_a_later_version_can_be_worked_with_until_rights_are_given_again(
    database: Database,
) -> None:
    with psycopg.connect(database.url("migrate")) as connection:
        connection.execute("CREATE TABLE later (id bigint GENERATED ALWAYS AS IDENTITY)")
    insert = "INSERT INTO later DEFAULT VALUES"
    refused = {login for login in RUNNING if refuses(database, login, insert)}
    by_owner = refuses(database, "api", AS_OWNER + insert)
    with psycopg.connect(database.url("migrate")) as connection:
        connection.execute("DROP TABLE later")

    assert refused == {"api", "deliver", "operator"}
    assert not by_owner


def test_both_files_can_be_run_again(database: Database) -> None:
    database.run("roles.sql")
    database.run("rights.sql", login="migrate")


def test_a_database_that_another_login_made_can_be_handed_over(
    database: Database, environment: dict[str, str]
) -> None:
    with logins.empty(environment["CALLSCRIBE_DATABASE_URL"]) as older:
        logins.hand_over(older)
        with psycopg.connect(older.administration.render_as_string(hide_password=False)) as connection:
            query = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
            owners = connection.execute(query).fetchall()

        assert owners == [("callscribe_migrate",)]
        assert refuses(older, "worker", "SELECT * FROM api_keys")
        assert not refuses(older, "worker", "SELECT * FROM jobs")
