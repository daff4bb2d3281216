"""Lines of CSV that a spreadsheet takes as text and numbers, and never as formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet may run: OWASP, CSV Injection."""


def csv_line(cells: Iterable[object]) -> str:
    """As RFC 4180 has it; what is None is an empty cell."""
    line = io.StringIO(newline="")
    csv.writer(line).writerow([_cell(cell) for cell in cells])
    return line.getvalue()


def _cell(cell: object) -> object:
    """Text that begins like a formula gets an apostrophe in front, which spreadsheets do not show."""
    if isinstance(cell, str) and cell.startswith(FORMULA):
        return f"'{cell}"
    return "" if cell is None else cell
