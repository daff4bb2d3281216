"""callscribe test"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from cli.checking import ROOT, run_checks
from embedded.settings import EmbeddedSettings

PROCESSES: Final = 3
"""They mostly wait: for a lease to run out, a server to start, a receiver to give up."""

app = typer.Typer(add_completion=False)


@app.command(context_settings={"ignore_unknown_options": True})
def test(
    pytest_arguments: Annotated[list[str] | None, typer.Argument(help="Handed to pytest.")] = None,  # noqa: PT028
) -> None:
    """Run the checks, then the tests of this source tree."""
    if not run_checks():
        raise typer.Exit(1)
    options = pytest_options(pytest_arguments or [], EmbeddedSettings())
    command = [sys.executable, "-m", "pytest", *options]
    raise typer.Exit(subprocess.run(command, cwd=ROOT, check=False).returncode)


def pytest_options(arguments: Sequence[str], settings: EmbeddedSettings) -> list[str]:
    """All tests go in several processes, each with servers of its own; what was asked for, as it was."""
    if arguments or not settings.allows_several:
        return list(arguments)
    return [f"--numprocesses={PROCESSES}", "--dist=worksteal"]
