"""A broker of each kind with all that talks to it: a dispatcher here, a worker and Flower as processes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from celery import Celery
from pydantic import SecretStr

from core.broker import create_app
from core.database import SessionFactory
from core.settings import BrokerAccess, BrokerOptions
from embedded.ports import LOOPBACK, PortBook
from embedded.program import Process, Program
from embedded.settings import inherited_environment
from embedded.supervisor import Supervisor
from tests.builders import MODEL
from tests.integration.brokers.servers import Broker, Brokers
from workers.dispatcher.loop import Dispatcher
from workers.settings import DispatcherSettings

ROOT: Final = Path(__file__).parents[3]
FLOWER_PASSWORD: Final = "petal"


def access(environment: Mapping[str, str]) -> BrokerAccess:
    """As a process with this environment would read it."""
    prefix = "CALLSCRIBE_BROKER__"
    options = {
        name.removeprefix(prefix).lower(): value
        for name, value in environment.items()
        if name.startswith(prefix)
    }
    return BrokerAccess(
        broker_url=SecretStr(environment["CALLSCRIBE_BROKER_URL"]),
        broker=BrokerOptions.model_validate(options),
    )


@dataclass(frozen=True, slots=True)
class Site:
    broker: Broker
    app: Celery
    dispatcher: Dispatcher
    worker: Process
    flower: Process
    flower_url: str


class Programs:
    """Starts processes of Callscribe, as `callscribe up` does."""

    def __init__(self, supervisor: Supervisor, environment: Mapping[str, str]) -> None:
        self._supervisor = supervisor
        self._environment = {
            **inherited_environment(),
            **environment,
            "PYTHONPATH": str(ROOT),
            "CALLSCRIBE_MODELS": f'["{MODEL}"]',
            "CALLSCRIBE_FLOWER_PASSWORD": FLOWER_PASSWORD,
        }

    def start(self, name: str, *arguments: str, broker: Mapping[str, str]) -> Process:
        program = Program(
            name=name,
            command=(sys.executable, "-m", "cli.main", *arguments),
            environment=self._environment | dict(broker),
            directory=ROOT,
            watched=True,
        )
        return self._supervisor.start(program)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("brokers")


@pytest.fixture(scope="module")
def brokers(directory: Path) -> Iterator[Brokers]:
    with ExitStack() as closing:
        yield Brokers(directory, closing)


@pytest.fixture(scope="module")
def programs(directory: Path, environment: dict[str, str], brokers: Brokers) -> Iterator[Programs]:
    """After the brokers, so that these end first."""
    logs = directory / "logs"
    logs.mkdir()
    with Supervisor(logs) as supervisor:
        yield Programs(supervisor, environment)
        supervisor.stop(*supervisor.processes)


@pytest.fixture(scope="module")
def site_of(
    directory: Path, programs: Programs, session_pool: SessionFactory, environment: dict[str, str]
) -> Iterator[Callable[[str, Broker], Site]]:
    ports = PortBook(directory / "flower-ports.json")
    closing = ExitStack()

    def build(kind: str, broker: Broker) -> Site:
        port = ports.port(kind)
        way_in = access(broker.of("dispatcher"))
        settings = DispatcherSettings(
            database_url=SecretStr(environment["CALLSCRIBE_DATABASE_URL"]),
            broker_url=way_in.broker_url,
            broker=way_in.broker,
            models=(MODEL,),
        )
        app = closing.enter_context(create_app(settings))
        return Site(
            broker,
            app,
            Dispatcher(settings, session_pool, app),
            programs.start(f"worker-{kind}", "worker", "--queue=finish", broker=broker.of("worker")),
            programs.start(f"flower-{kind}", "flower", f"--port={port}", broker=broker.of("flower")),
            f"http://{LOOPBACK}:{port}",
        )

    with closing:
        yield build
