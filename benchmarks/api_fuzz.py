"""The API asked by schemathesis: what its OpenAPI document allows, and what it does not."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from benchmarks.conclusion import Benchmark
from benchmarks.marks import Mark
from benchmarks.services import PACKAGES
from benchmarks.systems import running_system
from cli.steps import Steps
from embedded.system import System

TOOL: Final = "schemathesis>=4.32,<5"
CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "ignored_auth",
)
SETTINGS: Final = {"CALLSCRIBE_TRANSCRIPTION_TIMEOUT": "PT1S"}
"""Nobody waits for what was never a call."""
MARKS: Final = (
    Mark("cases", at_least=20_000),
    Mark("failures", at_most=0),
    Mark("broken_answers", at_most=0),
    Mark("requests_that_failed_as_ours", at_most=0),
)


def main(
    seconds: Annotated[int, typer.Option(help="How long it is asked.")] = 300,
    seed: Annotated[int, typer.Option(help="Of what it is asked.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Where to write the result, busy or not.")] = None,
) -> None:
    """Look for answers that the OpenAPI document does not know, and for faults of ours."""
    benchmark = Benchmark("api_fuzz")
    # Beside this Python, where the launcher has put it.
    uv = str(Path(sys.executable).with_name("uv"))
    with Steps(benchmark.console) as steps, running_system(steps, settings=SETTINGS) as system:
        steps.begin(f"asking for {seconds} s")
        told = _asked(uv, system, seconds=seconds, seed=seed)
        logs = system.stack.state.directory("logs")
        faults = (logs / "api.log").read_text(errors="replace").count("Request failed")
    benchmark.console.print(told[-6_000:], markup=False, highlight=False)
    benchmark.conclude(figures_of(told, faults), marks=MARKS, packages=PACKAGES, out=out)


def _asked(uv: str, system: System, *, seconds: int, seed: int) -> str:
    words = [uv, "tool", "run", "--from", TOOL, "st", "run", f"{system.api_url}/openapi.json"]
    words += ["--header", f"Authorization: Bearer {system.api_key}", "--checks", ",".join(CHECKS)]
    words += ["--phases", "coverage,fuzzing,stateful", "--max-time", str(seconds), "--seed", str(seed)]
    words += ["--workers", "2", "--continue-on-failure", "--request-timeout", "30"]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout


def figures_of(told: str, faults: int) -> dict[str, object]:
    """Of schemathesis' summary."""

    def count(pattern: str) -> int:
        found = re.search(pattern, told)
        return int(found[1].replace(",", "")) if found else 0

    return {
        "operations": count(r"Tested: ([\d,]+)"),
        "cases": count(r"([\d,]+) generated"),
        "failures": count(r"generated.*?([\d,]+) (?:found )?(?:unique )?fail"),
        "broken_answers": count(r"Network Error: ([\d,]+)"),
        "requests_that_failed_as_ours": faults,
    }


if __name__ == "__main__":
    typer.run(main)
