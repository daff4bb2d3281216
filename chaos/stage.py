"""The whole system with a fault proxy before each of its servers, and handles on every process."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit, urlunsplit

import psutil

from chaos.plants import Plant
from chaos.proxy import LOOPBACK, FaultProxy
from embedded.settings import EmbeddedSettings
from embedded.system import Plan, System

LEASE_S: Final = 4.0
SETTINGS: Final = {
    "CALLSCRIBE_LEASE_TTL": f"PT{LEASE_S:.0f}S",
    "CALLSCRIBE_HEARTBEAT_EVERY": "PT1S",
    "CALLSCRIBE_RETRY_PAUSE": "PT0.2S",
    "CALLSCRIBE_STALL_AFTER": "PT20S",
    "CALLSCRIBE_ENGINE__MAX_BATCH_CHUNKS": "8",
    # A device batch lasts some tenths of a second, so that a fault finds one running.
    "CALLSCRIBE_ENGINE__SCRIPTED__SECONDS_PER_AUDIO_SECOND": "0.02",
    # The receiver is on this machine, and its bad moods are short.
    "CALLSCRIBE_OUTBOUND__ALLOWED_HOSTS": f'["{LOOPBACK}"]',
    "CALLSCRIBE_DELIVERY__SCHEDULE": json.dumps(["PT0S", *["PT1S"] * 30]),
    "CALLSCRIBE_DELIVERY__TIMEOUT": "PT2S",
    # All callers have one key.
    "CALLSCRIBE_RATE_LIMIT": "0",
}
"""Short leases, so that what a fault leaves behind is taken up again within the run."""

SERVERS: Final = {
    "postgres": "CALLSCRIBE_DATABASE_URL",
    "valkey": "CALLSCRIBE_BROKER_URL",
    "seaweedfs": "CALLSCRIBE_STORAGE__ENDPOINT_URL",
}
"""By the setting under which the rest finds each."""
TWINS: Final = {"dispatcher": (), "worker-scripted": ("--device=cpu",)}
"""Processes of which there is a second one, with what it is told in addition."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the processes are to be set, and what they are to do wrong by themselves."""

    seed: int
    lie_rate: float = 0.0
    plant: Plant | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of the system, beside those that every stage has."""

    def environment(self, tally: Path) -> Mapping[str, str]:
        wanted = {"SEED": str(self.seed), "LIE_RATE": str(self.lie_rate), "TALLY": str(tally)}
        if self.plant is not None:
            wanted["PLANT"] = self.plant.value
        return {**SETTINGS, **self.settings, **{f"CHAOS_{name}": value for name, value in wanted.items()}}


class Stage:
    """Serving from entering to leaving the context; what crashes is started again."""

    def __init__(self, directory: Path, wishes: Wishes) -> None:
        self.tally = directory / "lies"
        self.proxies: dict[str, FaultProxy] = {}
        self.direct: Mapping[str, str] = {}
        """The servers' own addresses, past the proxies."""
        self._rewiring = threading.Lock()
        self._closing = ExitStack()
        self._stopped = threading.Event()
        plan = Plan(
            models=("scripted",),
            cpu_workers=2,
            with_flower=False,
            module="chaos.faulty",
            extra_environment=wishes.environment(self.tally),
            rewire=self._rewire,
        )
        self.state_dir = directory / "state"
        self.system = System(plan, EmbeddedSettings(state_dir=self.state_dir))

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            self._opening = opening.enter_context(ExitStack())
            opening.enter_context(self.system)
            self.direct = self.system.stack.environment
            self._start_twins()
            watcher = threading.Thread(target=self.system.watch, args=(self._stopped,), name="watcher")
            watcher.start()
            opening.callback(watcher.join)
            opening.callback(self._stopped.set)
            self._closing = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        for proxy in self.proxies.values():
            proxy.heal()
        self._closing.close()

    def names(self, *beginnings: str) -> list[str]:
        """Of the processes that there are now."""
        names = [process.name for process in self.system.stack.supervisor.processes]
        return [name for name in names if name.startswith(beginnings)]

    def process(self, name: str) -> psutil.Process:
        """The program itself, not the guard beside it. Raises `psutil.NoSuchProcess` while it is away."""
        running = self.system.process(name)
        process = psutil.Process(running.pid)
        if not running.program.watched:
            return process
        children = process.children()
        if not children:
            raise psutil.NoSuchProcess(running.pid, name)
        return children[0]

    def descendants(self, name: str) -> list[psutil.Process]:
        return self.process(name).children(recursive=True)

    def empty_broker_files(self) -> None:
        """What the broker would find again when it is started."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self.state_dir / "valkey" / "appendonlydir")

    def lies(self) -> int:
        return len(self.tally.read_text().splitlines()) if self.tally.exists() else 0

    def _start_twins(self) -> None:
        for name, arguments in TWINS.items():
            program = self.system.process(name).program
            twin = replace(program, name=f"{name}.2", command=(*program.command, *arguments))
            self.system.stack.supervisor.start(twin)

    def _rewire(self, environment: Mapping[str, str]) -> Mapping[str, str]:
        with self._rewiring:
            rewired = {setting: self._detour(name, environment[setting]) for name, setting in SERVERS.items()}
        return {**environment, **rewired}

    def _detour(self, name: str, url: str) -> str:
        parts = urlsplit(url)
        if name not in self.proxies:
            self.proxies[name] = self._opening.enter_context(FaultProxy(parts.port or 0))
        host = parts.netloc.rpartition(":")[0]
        return urlunsplit(parts._replace(netloc=f"{host}:{self.proxies[name].port}"))
