"""callscribe plot"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from cli.files import written

FORMS: Final = ("png", "svg", "pdf")

Table = Annotated[
    Path,
    typer.Argument(metavar="CALLS.CSV", exists=True, dir_okay=False, help="From `submit --out` or `export`."),
]
By = Annotated[str, typer.Option(help="A key of the calls' metadata, or any column: one row each.")]
Role = Annotated[str, typer.Option(help="Whose share of the talk.")]
Out = Annotated[Path, typer.Option("--out", "-o", dir_okay=False, help="A .png, .svg or .pdf.")]


def plot(table: Table, by: By = "agent", role: Role = "agent", out: Out = Path("calls.png")) -> None:
    """Draw a table of calls: talk, silence and trust by agent."""
    form = out.suffix.lower().removeprefix(".")
    if form not in FORMS:
        raise typer.BadParameter(f"ends in none of {', '.join(FORMS)}", param_hint="--out")
    from cli.bulk import picture  # noqa: PLC0415 - its library is large, and an extra

    with written(out) as file:
        complete = picture.draw(table, file, by=by, role=role, form=form)
    typer.echo(f"Drawn: {out}")
    if not complete:
        typer.echo(f"Some names are boxes: install a font that has them, as {picture.CHINESE_FONTS[0]}.")
