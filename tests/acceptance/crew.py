"""Workers that a test starts, sends signals to, and starts again; nobody else does."""

from __future__ import annotations

import os
import signal
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import psutil

from embedded.program import Process
from embedded.supervisor import Supervisor
from embedded.system import System

SIGNALS: Final = {name: signal.Signals[f"SIG{name}"] for name in ("TERM", "QUIT", "INT", "KILL", "STOP")}
FATAL: Final = tuple(name for name in SIGNALS if name != "STOP")
GONE_WITHIN_S: Final = 60.0
READY: Final = ' ready."'
"""The end of Celery's last word before it begins."""

LEASE: Final = timedelta(seconds=3)
SETTINGS: Final = {
    "CALLSCRIBE_LEASE_TTL": f"PT{LEASE.seconds}S",
    "CALLSCRIBE_HEARTBEAT_EVERY": "PT0.5S",
    "CALLSCRIBE_STALL_AFTER": "PT60S",
    "CALLSCRIBE_QUIT_GRACE": "PT0.5S",
    # One turn of a call is a device batch, and takes a second or two.
    "CALLSCRIBE_ENGINE__MAX_BATCH_CHUNKS": "1",
    "CALLSCRIBE_ENGINE__SCRIPTED__SECONDS_PER_AUDIO_SECOND": "0.2",
}


class Crew:
    """Workers by name, each a process without a guard: its pid is its own."""

    def __init__(self, directory: Path, supervisor: Supervisor, system: System) -> None:
        self._directory = directory
        self._supervisor = supervisor
        self._system = system
        self._members: dict[str, Process] = {}
        self._starts: Counter[str] = Counter()
        self._families: dict[str, list[psutil.Process]] = {}

    def start(self, name: str, *arguments: str, **environment: str) -> None:
        like = self._system.process("api").program
        program = replace(
            like,
            name=name,
            command=(*like.command[:3], "worker", *arguments),
            environment={**like.environment, **SETTINGS, **environment},
            watched=False,
            stop_signal=signal.SIGKILL,  # at the end of all tests
        )
        self._members[name] = self._supervisor.start(program)
        self._starts[name] += 1

    def start_again(self, name: str) -> None:
        """As whoever keeps it would."""
        self._members[name] = self._supervisor.restart(self._members[name])
        self._starts[name] += 1

    def is_ready(self) -> bool:
        """Whether each takes hints, and has its signal handlers."""
        return all(
            (self._directory / f"{name}.log").read_text().count(READY) == starts
            for name, starts in self._starts.items()
        )

    def name_of(self, name: str) -> str:
        """What it calls itself in the database."""
        return f"{socket.gethostname()}/{self._members[name].pid}"

    def head(self, name: str) -> psutil.Process:
        return psutil.Process(self._members[name].pid)

    def family(self, name: str) -> list[psutil.Process]:
        head = self.head(name)
        return [head, *head.children(recursive=True)]

    def send(self, name: str, number: signal.Signals) -> None:
        """SIGSTOP is for the whole family, as when a machine is suspended."""
        self._families[name] = self.family(name)
        if number is signal.SIGSTOP:
            for each in self._families[name]:
                each.suspend()
        else:
            os.kill(self._members[name].pid, number)

    def wake(self, name: str) -> None:
        for each in self._families[name]:
            each.resume()

    def dismiss(self, name: str) -> None:
        self._supervisor.stop(self._members.pop(name))
        del self._starts[name]

    def runs(self, name: str) -> bool:
        return self._members[name].exit_status is None

    def status_of(self, name: str) -> int | None:
        """How it ended; None if it does not, or if it left anybody of its family behind."""
        status = self._members[name].wait(GONE_WITHIN_S)
        _, left = psutil.wait_procs(self._families[name], timeout=GONE_WITHIN_S)
        return None if left else status


@contextmanager
def crew_instead_of(system: System, name: str, directory: Path) -> Iterator[Crew]:
    """Nobody yet; the system's own process of this name is away meanwhile."""
    with without(system, name), Supervisor(directory) as supervisor:
        yield Crew(directory, supervisor, system)
        supervisor.stop(*supervisor.processes)


@contextmanager
def without(system: System, name: str) -> Iterator[None]:
    """Its process is away meanwhile, and nobody starts it."""
    process = system.process(name)
    system.stack.supervisor.stop(process)
    yield
    system.stack.supervisor.restart(process)


def engine_of(worker: psutil.Process) -> psutil.Process:
    """The child that holds the engine of a transcribe worker."""
    children = worker.children(recursive=True)
    (engine,) = (each for each in children if "--multiprocessing-fork" in each.cmdline())
    return engine
