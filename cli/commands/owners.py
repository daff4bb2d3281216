"""callscribe owners"""

from __future__ import annotations

from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from cli.database import transaction
from models.owner import Owner
from models.repositories.owners import OwnerRepository
from models.repositories.usage import UsageRepository

app = typer.Typer(no_args_is_help=True, add_completion=False)

HOUR_S: Final = 3600
GIB: Final = 2**30
LIFT: Final = "0 lifts it."


@app.callback()
def owners() -> None:
    """Show who there is, and say what each may have."""


@app.command("list")
def list_owners() -> None:
    """Show what each has, of what it may have."""
    table = Table("owner", "weight", "jobs", "audio hours", "GiB")
    with transaction("owners") as session:
        for owner in OwnerRepository(session).all():
            usage = UsageRepository(session, owner.id)
            table.add_row(
                owner.name,
                f"{owner.weight:g}",
                _of(usage.jobs(), owner.quota_jobs, 1),
                _of(usage.audio_seconds(), owner.quota_audio_seconds, HOUR_S),
                _of(usage.stored_bytes(), owner.quota_bytes, GIB),
            )
    Console().print(table)


@app.command("set")
def set_owner(
    name: Annotated[str, typer.Argument(help="Made if there is none.")],
    *,
    weight: Annotated[float | None, typer.Option(min=0.001, help="Share of the devices.")] = None,
    jobs: Annotated[int | None, typer.Option(min=0, help=f"Jobs that are not over. {LIFT}")] = None,
    audio_hours: Annotated[float | None, typer.Option(min=0, help=f"Of audio in these. {LIFT}")] = None,
    gib: Annotated[float | None, typer.Option(min=0, help=f"Of recordings stored. {LIFT}")] = None,
) -> None:
    """Change what is given, and leave the rest."""
    with transaction("owners") as session:
        owner = OwnerRepository(session).named(name)
        _change(owner, weight=weight, jobs=jobs, audio_hours=audio_hours, gib=gib)
    typer.echo(f"{name} is set.")


def _change(
    owner: Owner, *, weight: float | None, jobs: int | None, audio_hours: float | None, gib: float | None
) -> None:
    if weight is not None:
        owner.weight = weight
    if jobs is not None:
        owner.quota_jobs = jobs or None
    if audio_hours is not None:
        owner.quota_audio_seconds = audio_hours * HOUR_S or None
    if gib is not None:
        owner.quota_bytes = round(gib * GIB) or None


def _of(used: float, quota: float | None, unit: float) -> str:
    return f"{used / unit:,.10g}" if quota is None else f"{used / unit:,.10g} of {quota / unit:,.10g}"
