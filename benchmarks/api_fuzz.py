"""The API asked by schemathesis: what its OpenAPI document allows, and what it does not."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Final

import httpx
import typer

from benchmarks.conclusion import Benchmark
from benchmarks.marks import Mark
from benchmarks.questions import asked, counts_in, settle, write_settings
from benchmarks.services import PACKAGES
from benchmarks.systems import running_system
from cli.steps import Steps
from embedded.system import System

SETTINGS: Final = {"CALLSCRIBE_TRANSCRIPTION_TIMEOUT": "PT1S"}
"""Nobody waits for what was never a call."""
MARKS: Final = (
    Mark("cases", at_least=20_000),
    Mark("failures", at_most=0),
    Mark("broken_answers", at_most=0),
    Mark("requests_that_failed_as_ours", at_most=0),
)


def main(
    seconds: Annotated[int, typer.Option(help="How long it is asked.")] = 600,
    seed: Annotated[int, typer.Option(help="Of what it is asked.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Where to write the result, busy or not.")] = None,
) -> None:
    """Look for answers that the OpenAPI document does not know, and for faults of ours."""
    benchmark = Benchmark("api_fuzz")
    with Steps(benchmark.console) as steps, running_system(steps, settings=SETTINGS) as system:
        steps.begin(f"asking for {seconds} s")
        told = _told(system, seconds=seconds, seed=seed)
        logs = system.stack.state.directory("logs")
        faults = (logs / "api.log").read_text(errors="replace").count("Request failed")
    benchmark.console.print(told[-6_000:], markup=False, highlight=False)
    figures = counts_in(told) | {"requests_that_failed_as_ours": faults}
    benchmark.conclude(figures, marks=MARKS, packages=PACKAGES, out=out)


def _told(system: System, *, seconds: int, seed: int) -> str:
    options = ("--phases", "coverage,fuzzing,stateful", "--max-time", str(seconds), "--seed", str(seed))
    access = {"Authorization": f"Bearer {system.api_key}"}
    with (
        tempfile.TemporaryDirectory(prefix="callscribe-bench-") as directory,
        httpx.Client(base_url=system.api_url, headers=access, trust_env=False) as api,
    ):
        settings = Path(directory) / "schemathesis.toml"
        write_settings(settings, settle(api))
        return asked(system.api_url, system.api_key, settings, *options, "--workers", "2").stdout


if __name__ == "__main__":
    typer.run(main)
