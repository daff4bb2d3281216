"""What `check` does, and `test` before it tests."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import typer

ROOT = Path(__file__).resolve().parents[1]
TOOLS = Path(sys.executable).parent
STEPS = {
    "formatting": (str(TOOLS / "ruff"), "format", "--check", "."),
    "lint": (str(TOOLS / "ruff"), "check", "."),
    "types": (str(TOOLS / "mypy"), ".", "callscribe"),
    "imports": (str(TOOLS / "lint-imports"), "--no-cache", "--no-logo"),
}
"""By what each is about, in order of speed."""


def run_checks(steps: Mapping[str, tuple[str, ...]] = STEPS) -> bool:
    """Every step, also after one that failed; what a step has to say only when it fails."""
    verdicts = [_passes(name, command) for name, command in steps.items()]
    return all(verdicts)


def _passes(name: str, command: tuple[str, ...]) -> bool:
    begin = time.monotonic()
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    verdict = "failed" if result.returncode else "ok"
    typer.echo(f"{name:<12}{verdict:<8}{time.monotonic() - begin:5.1f} s")
    if result.returncode:
        typer.echo(f"{result.stdout}{result.stderr}".strip() + "\n")
    return result.returncode == 0
