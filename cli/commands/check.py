"""callscribe check"""

from __future__ import annotations

import typer

from cli.checking import run_checks


def check() -> None:
    """Check formatting, lint, types and imports of this source tree."""
    if not run_checks():
        raise typer.Exit(1)
