"""callscribe test"""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated

import typer

from cli.checking import ROOT, run_checks

app = typer.Typer(add_completion=False)


@app.command(context_settings={"ignore_unknown_options": True})
def test(
    pytest_arguments: Annotated[list[str] | None, typer.Argument(help="Handed to pytest.")] = None,  # noqa: PT028
) -> None:
    """Run the checks, then the tests of this source tree."""
    if not run_checks():
        raise typer.Exit(1)
    command = [sys.executable, "-m", "pytest", *(pytest_arguments or [])]
    raise typer.Exit(subprocess.run(command, cwd=ROOT, check=False).returncode)
