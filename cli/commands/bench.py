"""callscribe bench"""

from __future__ import annotations

import ast
import runpy
import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

BENCHMARKS: Final = Path(__file__).resolve().parents[2] / "benchmarks"

app = typer.Typer(add_completion=False)


@app.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
def bench(
    name: Annotated[str | None, typer.Argument(help="Which one; without it they are listed.")] = None,
    arguments: Annotated[list[str] | None, typer.Argument(help="Its own options; see `--help`.")] = None,
) -> None:
    """Measure one of the figures of the README on this machine."""
    if name is None or name == "--help":
        Console().print(_overview())
    elif name in benchmarks():
        sys.argv = [f"callscribe bench {name}", *(arguments or [])]
        runpy.run_module(f"benchmarks.{name}", run_name="__main__", alter_sys=True)
    else:
        raise typer.BadParameter(f"one of {', '.join(benchmarks())}", param_hint="NAME")


def benchmarks() -> dict[str, str]:
    """Name and first line of each module that can be run; none of them is imported."""
    sources = {path.stem: path.read_text() for path in sorted(BENCHMARKS.glob("[!_]*.py"))}
    return {
        name: (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0].partition(":")[0]
        for name, source in sources.items()
        if '__name__ == "__main__"' in source
    }


def _overview() -> Table:
    table = Table(box=None, show_header=False)
    for name, summary in benchmarks().items():
        table.add_row(f"callscribe bench {name}", summary)
    return table
