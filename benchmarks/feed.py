"""How busy a device is kept while there is a backlog: `callscribe bench feed`.

Chunks of 30 s are read from a FLAC file on disk by the worker's own reader, given to an engine, and
committed to nobody. Three ways are tried in one run, each in processes of its own. Needs numpy and
soundfile, and for `--engine glm` torch and transformers; no database, no broker, no storage server.
"""

from __future__ import annotations

import importlib.util
import json
import multiprocessing
import tempfile
from pathlib import Path
from typing import Annotated, Final

import typer

from benchmarks import stand_in
from benchmarks.conclusion import Benchmark
from benchmarks.feeding_ways import Trial, run_way
from benchmarks.flac_backlog import write_chunks
from benchmarks.marks import Mark
from benchmarks.timeline import figures_of
from workers.engine_process.hosts import Load

FILED_CHUNKS: Final = 300
CHUNK_S: Final = 30.0
WARM_UP_SHARE: Final = 0.2
"""Of the time, at its beginning, that does not count."""
END_WITHIN_S: Final = 140.0
"""What a way may take besides its time: a large engine is loaded, and ends what it has begun."""
MARKS: Final = (Mark("process_busy_share", at_least=0.95),)


def main(
    *,
    engine: Annotated[str | None, typer.Option(help="stand-in or glm; glm where there is CUDA.")] = None,
    seconds: Annotated[float, typer.Option(min=5, max=60, help="Of each way.")] = 20.0,
    rtfx: Annotated[float, typer.Option(help="Of the stand-in when it is full.")] = 3000.0,
    interpreter_ms: Annotated[
        float, typer.Option(help="Python of a GET; boto3 was measured at 1.6 ms.")
    ] = 1.6,
    out: Annotated[Path | None, typer.Option(help="Where the result is written.")] = None,
) -> None:
    """Try each way on the same chunks."""
    benchmark = Benchmark("feed")
    chosen = engine or ("glm" if has_cuda() else "stand-in")
    # The thread beside the readers is the stand-in's to show: a GPU's minutes are better spent.
    ways = ("sequential", "process") if chosen == "glm" else ("sequential", "thread", "process")
    figures: dict[str, object] = {"engine": chosen, "seconds_each": seconds, "interpreter_ms": interpreter_ms}
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        chunks = write_chunks(directory, count=FILED_CHUNKS, seconds=CHUNK_S)
        for way in ways:
            benchmark.console.print(f"{way} ...")
            timeline = directory / f"{way}.npy"
            load: Load = (
                stand_in.random_glm(timeline) if chosen == "glm" else stand_in.stand_in(timeline, rtfx=rtfx)
            )
            trial = Trial(directory, chunks, interpreter_ms, seconds, load)
            measured = tried(way, trial, timeline)
            figures |= {f"{way}_{figure}": value for figure, value in measured.items()}
    packages = ("numpy", "soundfile", *(("torch", "transformers") if chosen == "glm" else ()))
    benchmark.conclude(figures, marks=MARKS, packages=packages, out=out)


def tried(way: str, trial: Trial, timeline: Path) -> dict[str, float]:
    """Between warm-up and the last claim."""
    answer = trial.directory / f"{way}.json"
    process = multiprocessing.get_context("spawn").Process(target=run_way, args=(way, trial, answer))
    process.start()
    process.join(trial.seconds + END_WITHIN_S)
    process.kill()
    if not answer.exists():
        raise typer.Exit(1)
    begun, ended = json.loads(answer.read_text())
    return figures_of(timeline, begin=begun + WARM_UP_SHARE * (ended - begun), end=ended)


def has_cuda() -> bool:
    if importlib.util.find_spec("torch") is None:
        return False
    available: bool = importlib.import_module("torch").cuda.is_available()
    return available


if __name__ == "__main__":
    typer.run(main)
