"""A table of calls as a picture: how long they talk, who is silent, what can be trusted, group by group."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, BinaryIO, Final

from core.errors import InvalidRequest, LibraryMissing

try:
    from matplotlib import font_manager
    from matplotlib.figure import Figure
except ImportError as error:
    raise LibraryMissing(
        "Pictures need matplotlib: .venv/bin/python -m pip install 'matplotlib>=3.10,<4'."
    ) from error

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_GROUPS: Final = 40
"""More rows than that cannot be read; the smallest groups are left out, and the title says so."""
WITHOUT_GROUP: Final = "(none)"
DOUBTFUL: Final = 0.6
"""Trust below which a call should be listened to, docs/quality.md."""
POINT: Final = "#4878a8"
DOUBTED_POINT: Final = "#c44e52"
MEDIAN: Final = "#222222"
CHINESE_FONTS: Final = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "PingFang SC",
    "Microsoft YaHei",
    "WenQuanYi Zen Hei",
)
"""matplotlib's own has no Chinese; the first of these that is installed helps out."""


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    unit: str
    of_call: Callable[[Mapping[str, str]], float | None]
    """None for a call of which it is not known."""


def panels(role: str) -> tuple[Panel, ...]:
    return (
        Panel(f"talk of the {role}", "share of all talk, %", lambda row: _percent(row, f"{role}_talk_ratio")),
        Panel("silence", "share of the call, %", _silence),
        Panel("trust", "0 to 1", lambda row: _number(row, "trust")),
    )


def draw(table: Path, file: BinaryIO, *, by: str, role: str, form: str) -> bool:
    """`table` is what `callscribe export --format csv` writes; `form` is png, svg or pdf.

    `by` is a key of the calls' metadata, or a column. A dot is a call, a line the median of its group; calls
    of which a figure is not known have no dot. False if no font has some of the names' characters. Raises
    `InvalidRequest` for a table without the column, or without calls.
    """
    groups = groups_of(table, by)
    shown = sorted(groups, key=lambda name: (-len(groups[name]), name))[:MOST_GROUPS]
    shown.sort(key=lambda name: name.casefold(), reverse=True)
    figure = Figure(figsize=(11, 1.6 + 0.45 * len(shown)), layout="constrained")
    font = _fonts()
    axes = figure.subplots(1, 3, sharey=True)
    for place, panel in zip(axes, panels(role), strict=True):
        _draw_panel(place, panel, [groups[name] for name in shown])
    axes[0].set_yticks(range(len(shown)), shown, fontfamily=font)
    calls = sum(len(rows) for rows in groups.values())
    left_out = f", the {len(shown)} largest of {len(groups)} shown" if len(shown) < len(groups) else ""
    figure.suptitle(f"{calls:,} calls by {by}{left_out}", fontfamily=font)
    # Nothing that differs from run to run: the same table gives the same file.
    dated = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        figure.savefig(file, format=form, dpi=110, metadata=dated[form])
    return not any("missing from font" in str(each.message) for each in warned)


def groups_of(table: Path, by: str) -> dict[str, list[dict[str, str]]]:
    """The rows of each value."""
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        columns = rows.fieldnames or ()
        column = f"metadata.{by}" if f"metadata.{by}" in columns else by
        if column not in columns:
            keys = [name.removeprefix("metadata.") for name in columns if name.startswith("metadata.")]
            raise InvalidRequest(f"{table} has no column {by!r}; its metadata: {', '.join(keys) or 'none'}.")
        groups: dict[str, list[dict[str, str]]] = {}
        for row in rows:
            groups.setdefault(row[column] or WITHOUT_GROUP, []).append(row)
    if not groups:
        raise InvalidRequest(f"{table} has no calls.")
    return groups


def _draw_panel(axes: Axes, panel: Panel, groups: Sequence[Sequence[Mapping[str, str]]]) -> None:
    for place, rows in enumerate(groups):
        values = [value for row in rows if (value := panel.of_call(row)) is not None]
        if not values:
            continue
        doubtful = [panel.title == "trust" and value < DOUBTFUL for value in values]
        heights = [place + _aside(number) for number in range(len(values))]
        colours = [DOUBTED_POINT if each else POINT for each in doubtful]
        axes.scatter(values, heights, s=12, c=colours, alpha=0.65, linewidths=0)
        axes.vlines(median(values), place - 0.36, place + 0.36, colors=MEDIAN, linewidth=2)
    axes.set_title(panel.title)
    axes.set_xlabel(panel.unit)
    axes.set_xlim(0, 1.02 if panel.title == "trust" else 102)
    axes.set_ylim(-0.6, len(groups) - 0.4)
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _aside(number: int) -> float:
    """Dots of a group lie beside each other: golden steps between -0.28 and 0.28."""
    return (number * 0.618034) % 1 * 0.56 - 0.28


def _number(row: Mapping[str, str], column: str) -> float | None:
    value = row.get(column)
    return float(value) if value else None


def _percent(row: Mapping[str, str], column: str) -> float | None:
    share = _number(row, column)
    return None if share is None else 100 * share


def _silence(row: Mapping[str, str]) -> float | None:
    silent, whole = _number(row, "silence_s"), _number(row, "duration_s")
    return 100 * silent / whole if silent is not None and whole else None


def _fonts() -> list[str]:
    installed = set(font_manager.get_font_names())
    return ["DejaVu Sans", *[name for name in CHINESE_FONTS if name in installed][:1]]
