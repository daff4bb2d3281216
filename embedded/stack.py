"""The servers Callscribe needs, as far as the user has not set servers of their own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Self

from pydantic import SecretStr

from core.errors import ServiceNotStarted
from embedded.files import write_private
from embedded.ports import PortBook
from embedded.postgres import Postgres
from embedded.program import Process
from embedded.seaweedfs import SeaweedFS
from embedded.service import Service
from embedded.settings import SERVERS_FILE, EmbeddedSettings
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
            opening.callback(self._say_where())
            self._closing = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def _say_where(self) -> Callable[[], None]:
        """For commands beside this process; returns what takes it back."""
        path = self.state.path / SERVERS_FILE
        write_private(path, json.dumps(self.environment, indent=2))
        return partial(path.unlink, missing_ok=True)

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
    chosen: dict[str, object] = {"DATABASE_URL": settings.database_url, "BROKER_URL": settings.broker_url}
    if settings.storage is not None:
        written = settings.storage.model_dump(mode="json", exclude_unset=True)
        for name in written:
            secret = getattr(settings.storage, name)
            value = secret if isinstance(secret, SecretStr) else written[name]
            chosen[f"STORAGE__{name.upper()}"] = value
    return {f"CALLSCRIBE_{name}": _plain(value) for name, value in chosen.items() if value is not None}


def _plain(value: object) -> str:
    """As settings are read: words as they are, lists and numbers as JSON."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return value if isinstance(value, str) else json.dumps(value)
