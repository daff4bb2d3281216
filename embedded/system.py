"""All of Callscribe on one machine: the servers, then every process, watched and started again."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.error import URLError
from urllib.request import urlopen

from pydantic import SecretStr

from core.database import SessionFactory, engine_of, open_sessions
from core.errors import ServiceNotStarted
from embedded import gpus
from embedded.api_access import grant_access
from embedded.ports import LOOPBACK, PortBook
from embedded.program import Process, Program
from embedded.settings import EmbeddedSettings, inherited_environment
from embedded.stack import EmbeddedStack
from migrations.upgrade import upgrade
from models.repositories.workers import WorkerRepository

logger = logging.getLogger(__name__)

ROOT: Final = Path(__file__).resolve().parent.parent
START_TIMEOUT_S: Final = 300.0
"""Loading a large model from a slow disk takes minutes."""
POLL_S: Final = 0.05
DRAIN_S: Final = 60.0
"""What a worker gets to end its running task before it is killed; the lease covers the rest."""
RESTART_PAUSE_S: Final = 1.0

AUTO: Final = "auto"

OnStep = Callable[[str], None]
Rewiring = Callable[[Mapping[str, str]], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run."""

    models: tuple[str, ...]
    device: str = AUTO
    """One for each model; `auto` takes all GPUs there are, else the CPU."""
    cpu_workers: int = 2
    api_port: int | None = None
    """None picks a free one and keeps it."""
    flower_port: int | None = None
    with_flower: bool = True
    extra_environment: Mapping[str, str] = field(default_factory=dict)
    module: str = "cli.main"
    """What is run as `python -m`, with the arguments of `callscribe`; another one for faults from within."""
    rewire: Rewiring = dict
    """Has the last word on the environment of every process: may put something before the servers."""

    @property
    def devices(self) -> tuple[str, ...]:
        """Each gets a worker of each model."""
        return gpus.devices() if self.device == AUTO else (self.device,)


class System:
    """Serving from entering to leaving the context; ends with this process, however that ends."""

    api_url: str
    api_key: str
    flower_url: str

    def __init__(self, plan: Plan, settings: EmbeddedSettings, *, on_step: OnStep = lambda _: None) -> None:
        self.plan = plan
        self.stack = EmbeddedStack(settings)
        self._names: list[str] = []
        self._on_step = on_step
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            self._on_step("starting Postgres, Valkey and SeaweedFS")
            opening.enter_context(self.stack)
            opening.callback(self._stop_processes)
            self.database_url = SecretStr(self.stack.environment["CALLSCRIBE_DATABASE_URL"])
            self._on_step("bringing the database to the newest schema")
            upgrade(self.database_url)
            sessions = open_sessions(self.database_url, process="supervisor", pool_size=1)
            opening.callback(engine_of(sessions).dispose)
            self._start_processes(sessions)
            self._on_step(f"loading {', '.join(self.plan.models)}")
            self._wait_until_serving(sessions)
            self._closing = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def watch(self, stopped: threading.Event) -> None:
        """Start again whatever crashes, servers too, until told to stop."""
        supervisor = self.stack.supervisor
        while not stopped.wait(RESTART_PAUSE_S):
            for process in supervisor.crashed():
                logger.warning(
                    "process ended", extra={"program": process.name, "status": process.exit_status}
                )
                supervisor.restart(process)

    def process(self, name: str) -> Process:
        """The newest process of this name: `api`, `worker-prepare`, `worker-MODEL` or, with several
        devices, `worker-MODEL.cuda0`, `postgres`, ..."""
        return next(each for each in self.stack.supervisor.processes if each.name == name)

    def _start_processes(self, sessions: SessionFactory) -> None:
        state = self.stack.state
        ports = PortBook(state.path / "process-ports.json")
        api_port = ports.port("api", wanted=self.plan.api_port)
        self.api_url = f"http://{LOOPBACK}:{api_port}"
        self.api_key = grant_access(sessions, state.path, api_url=self.api_url)
        self._on_step("starting the API, the dispatcher and the workers")
        self._start("api", "api", f"--port={api_port}")
        self._start("dispatcher", "dispatcher")
        self._start(
            "worker-prepare", "worker", "--queue=prepare,finish", f"--concurrency={self.plan.cpu_workers}"
        )
        self._start("worker-deliver", "worker", "--queue=deliver")
        self._start_engines()
        if self.plan.with_flower:
            flower_port = ports.port("flower", wanted=self.plan.flower_port)
            self.flower_url = f"http://{LOOPBACK}:{flower_port}"
            self._start("flower", "flower", f"--port={flower_port}")

    def _start_engines(self) -> None:
        devices = self.plan.devices
        for model in self.plan.models:
            for device in devices:
                place = f".{device.replace(':', '')}" if len(devices) > 1 else ""
                self._start(
                    f"worker-{model}{place}",
                    *("worker", "--queue=transcribe", f"--model={model}", f"--device={device}"),
                )

    def _start(self, name: str, *arguments: str) -> None:
        program = Program(
            name=name,
            command=(sys.executable, "-m", self.plan.module, *arguments),
            environment=self._environment(),
            directory=ROOT,
            stop_timeout=DRAIN_S,
            # Workers have children of their own, which must not outlive this process either.
            watched=True,
        )
        self.stack.supervisor.start(program)
        # Afterwards: what could not be started is not there to be stopped, and its error is the one to see.
        self._names.append(name)

    def _stop_processes(self) -> None:
        """All at once and before their servers, whose end they would take for a failure."""
        self.stack.supervisor.stop(*(self.process(name) for name in self._names))

    def _environment(self) -> Mapping[str, str]:
        models = ", ".join(f'"{model}"' for model in self.plan.models)
        environment = {
            **inherited_environment(),
            **self.stack.environment,
            "PYTHONPATH": str(ROOT),
            "CALLSCRIBE_MODELS": f"[{models}]",
            "CALLSCRIBE_FLOWER_PASSWORD": self.stack.state.credentials.flower_password,
            **self.plan.extra_environment,
        }
        return self.plan.rewire(environment)

    def _wait_until_serving(self, sessions: SessionFactory) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not (self._api_is_ready() and self._models_are_loaded(sessions)):
            for process in self.stack.supervisor.crashed():
                raise ServiceNotStarted(f"{process.name} ended as it started: {process.log_tail()}")
            if time.monotonic() > deadline:
                raise ServiceNotStarted("The API or a model was not ready in time.")
            time.sleep(POLL_S)

    def _api_is_ready(self) -> bool:
        try:
            with urlopen(f"{self.api_url}/readyz", timeout=5) as answer:  # noqa: S310 - our own address
                ready: bool = answer.status == 200
                return ready
        except (URLError, ConnectionError, TimeoutError):
            return False

    def _models_are_loaded(self, sessions: SessionFactory) -> bool:
        with sessions.begin() as session:
            loaded = {worker.model for worker in WorkerRepository(session).present()}
        return set(self.plan.models) <= loaded
