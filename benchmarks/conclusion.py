"""The end of a benchmark: a table for whoever waits, and the result for those who come later."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.marks import Figures, Mark
from benchmarks.report import write_result

BUSY_LOAD: Final = 2.5
"""Load average before a run above which its figures say more about the neighbours."""


class Benchmark:
    """Made before the first measurement: it remembers how busy the machine was then."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.console = Console()
        self.load_before = os.getloadavg()[0]

    def conclude(
        self,
        figures: Figures,
        *,
        marks: Sequence[Mark],
        packages: Sequence[str],
        out: Path | None = None,
    ) -> None:
        """Write, unless the machine was busy and no place was named, and print."""
        self.console.print(self._written(figures, marks=marks, packages=packages, out=out))
        self.console.print(as_table(self.name, figures, marks))

    def _written(
        self, figures: Figures, *, marks: Sequence[Mark], packages: Sequence[str], out: Path | None
    ) -> str:
        if self.load_before > BUSY_LOAD and out is None:
            return f"Not written: the load was {self.load_before:.1f} before the run."
        path = write_result(
            self.name,
            figures,
            packages=packages,
            marks=marks,
            load_before=round(self.load_before, 1),
            out=out,
        )
        return f"Written to {path.parent.name}/{path.name}."


def as_table(name: str, figures: Figures, marks: Sequence[Mark]) -> Table:
    table = Table(title=name, title_justify="left")
    table.add_column("figure")
    table.add_column("measured", justify="right")
    table.add_column("mark", justify="right")
    wanted = {mark.figure: mark for mark in marks}
    for figure, value in figures.items():
        mark = wanted.get(figure)
        verdict = f"{mark} {'met' if mark.is_met(figures) else 'MISSED'}" if mark else ""
        table.add_row(figure, shown(value), verdict)
    return table


def shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
