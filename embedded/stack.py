"""The servers Callscribe needs, as far as the user has not set servers of their own."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Self

from pydantic import SecretStr

from core.errors import ServiceNotStarted
from embedded.ports import PortBook
from embedded.postgres import Postgres
from embedded.program import Process
from embedded.seaweedfs import SeaweedFS
from embedded.service import Service
from embedded.settings import EmbeddedSettings
from embedded.state import StateDirectory
from embedded.supervisor import Supervisor
from embedded.valkey import Valkey

START_TIMEOUT = 60.0
POLL = 0.02


class EmbeddedStack:
    """Serving from entering to leaving the context; `environment` tells every process where."""

    supervisor: Supervisor
    """Takes further processes, which then end with the stack."""
    state: StateDirectory

    def __init__(self, settings: EmbeddedSettings | None = None) -> None:
        self._settings = settings or EmbeddedSettings()
        self.environment = _replacements(self._settings)
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            self.state = opening.enter_context(StateDirectory(self._settings.state_dir))
            swept = opening.enter_context(ExitStack())
            self.supervisor = opening.enter_context(Supervisor(self.state.directory("logs")))
            services = self._services()
            for service in services:
                swept.callback(service.sweep)
            self._serve(services)
            self._closing = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def _services(self) -> list[Service]:
        """Those the user has not replaced, the slowest to start first."""
        chosen, wanted = self._settings, self._settings.embedded_ports
        ports = PortBook(self.state.path / "ports.json")
        kinds: list[tuple[type[SeaweedFS | Valkey | Postgres], object, int | None]] = [
            (SeaweedFS, chosen.storage, wanted.storage),
            (Valkey, chosen.broker_url, wanted.valkey),
            (Postgres, chosen.database_url, wanted.postgres),
        ]
        return [
            kind(self.supervisor, self.state, ports=ports, port=port)
            for kind, replacement, port in kinds
            if replacement is None
        ]

    def _serve(self, services: list[Service]) -> None:
        started = [(service, service.start()) for service in services]
        deadline = time.monotonic() + START_TIMEOUT
        for service, process in started:
            _wait_until_serving(service, process, deadline)
            self.environment.update(service.environment)


def _wait_until_serving(service: Service, process: Process, deadline: float) -> None:
    while not service.serves():
        if process.exit_status is not None:
            raise ServiceNotStarted(f"{process.name} ended as it started: {process.log_tail()}")
        if time.monotonic() > deadline:
            raise ServiceNotStarted(f"{process.name} does not answer: {process.log_tail()}")
        time.sleep(POLL)


def _replacements(settings: EmbeddedSettings) -> dict[str, str]:
    """The user's own servers, as settings for every process."""
    chosen = {"DATABASE_URL": settings.database_url, "BROKER_URL": settings.broker_url}
    if settings.storage is not None:
        chosen |= {f"STORAGE__{name.upper()}": value for name, value in settings.storage}
    return {f"CALLSCRIBE_{name}": _plain(value) for name, value in chosen.items() if value is not None}


def _plain(value: SecretStr | str) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
