"""callscribe owners"""

from __future__ import annotations

import math
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from cli.database import transaction
from models.audit_entry import AuditAction
from models.owner import Owner
from models.repositories.audit import Actor, AuditRepository
from models.repositories.owners import OwnerRepository
from models.repositories.usage import UsageRepository

app = typer.Typer(no_args_is_help=True, add_completion=False)

HOUR_S: Final = 3600
GIB: Final = 2**30
LIFT: Final = "0 lifts it."
KEEP: Final = "Days after a job's end, `forever`, or `default`: as the dispatcher's settings say."
BY_DEFAULT: Final = "default"
FOREVER: Final = "forever"


@app.callback()
def owners() -> None:
    """Show who there is, and say what each may have and how long it is kept."""


@app.command("list")
def list_owners() -> None:
    """Show what each has, of what it may have, and how many days that is kept."""
    table = Table("owner", "weight", "jobs", "audio hours", "GiB", "audio kept", "transcripts kept")
    with transaction("owners") as session:
        for owner in OwnerRepository(session).all():
            usage = UsageRepository(session, owner.id)
            table.add_row(
                owner.name,
                f"{owner.weight:g}",
                _of(usage.jobs(), owner.quota_jobs, 1),
                _of(usage.audio_seconds(), owner.quota_audio_seconds, HOUR_S),
                _of(usage.stored_bytes(), owner.quota_bytes, GIB),
                _kept(owner.keep_audio_days),
                _kept(owner.keep_transcripts_days),
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
    keep_audio: Annotated[str | None, typer.Option(help=KEEP)] = None,
    keep_transcripts: Annotated[str | None, typer.Option(help=KEEP)] = None,
) -> None:
    """Change what is given, and leave the rest. What was kept for too long goes within minutes."""
    policy = {"keep_audio_days": keep_audio, "keep_transcripts_days": keep_transcripts}
    kept = {column: _days(text) for column, text in policy.items() if text is not None}
    with transaction("owners") as session:
        owner = OwnerRepository(session).named(name)
        _change(owner, weight=weight, jobs=jobs, audio_hours=audio_hours, gib=gib)
        for column, days in kept.items():
            setattr(owner, column, days)
        AuditRepository(session).add(Actor.operator_for(owner.id), AuditAction.OWNER_CHANGED, None)
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


def _days(text: str) -> float | None:
    """As an owner's row has it. Raises `typer.BadParameter`."""
    if text == BY_DEFAULT:
        return None
    if text == FOREVER:
        return math.inf
    try:
        days = float(text)
    except ValueError:
        days = math.nan
    if not 0 <= days < math.inf:
        raise typer.BadParameter(f"`{text}` is no number of days, nor `{FOREVER}`, nor `{BY_DEFAULT}`.")
    return days


def _kept(days: float | None) -> str:
    if days is None:
        return BY_DEFAULT
    return FOREVER if days == math.inf else f"{days:g} days"


def _of(used: float, quota: float | None, unit: float) -> str:
    return f"{used / unit:,.10g}" if quota is None else f"{used / unit:,.10g} of {quota / unit:,.10g}"
