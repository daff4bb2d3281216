"""callscribe keys"""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session

from cli.database import transaction
from models.api_key import ApiKey
from models.audit_entry import AuditAction
from models.repositories import clock
from models.repositories.api_keys import ApiKeyRepository
from models.repositories.audit import Actor, AuditRepository
from models.repositories.owners import OwnerRepository
from models.scope import EVERYTHING, Scope

app = typer.Typer(no_args_is_help=True, add_completion=False)

OVERLAP: Final = timedelta(days=1)
"""For programs to be given the new key."""
UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}

OwnerName = Annotated[str, typer.Option("--owner", help="Whose jobs it opens; made if there is none.")]


@app.callback()
def keys() -> None:
    """Give out API keys, list them, and take them back."""


def span(text: str) -> timedelta:
    """`90d`, `12h` or `30m`."""
    match = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", text)
    if match is None:
        raise typer.BadParameter("Write it as 90d, 12h or 30m.")
    return int(match[1]) * UNITS[match[2]]


@app.command()
def create(
    owner: OwnerName = "default",
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
    expires_in: Annotated[timedelta | None, typer.Option(parser=span, help="90d, 12h or 30m.")] = None,
    scopes: Annotated[
        list[Scope] | None, typer.Option("--scope", help="What it may be used for; several times. [all]")
    ] = None,
) -> None:
    """Print a new key. It is shown this once."""
    with transaction("keys") as session:
        whose = OwnerRepository(session).named(owner)
        key = ApiKeyRepository(session).issue(
            whose,
            name=name,
            expires_at=None if expires_in is None else clock.now(session) + expires_in,
            scopes=scopes or EVERYTHING,
        )
        _note(session, whose.id, AuditAction.KEY_MADE, key.prefix)
    # After COMMIT: a key that is printed opens the door.
    typer.echo(key.shown)


@app.command("list")
def list_keys(
    owner: Annotated[str | None, typer.Option(help="Only this owner's.")] = None,
) -> None:
    """Show which keys there are, without their secrets."""
    table = Table("key", "owner", "name", "scopes", "state", "last used")
    with transaction("keys") as session:
        now = clock.now(session)
        for key, whose in ApiKeyRepository(session).with_owners(owner):
            last_used = key.last_used_at.isoformat(" ", "minutes") if key.last_used_at else "never"
            scopes = " ".join(key.scopes)
            table.add_row(key.prefix, whose.name, key.name, scopes, _state(key, now), last_used)
    Console().print(table)


@app.command()
def rotate(
    prefix: Annotated[str, typer.Argument(help="As listed: cs_ and eight letters.")],
    overlap: Annotated[
        timedelta | None, typer.Option(parser=span, help="How long the old one is still good. [1d]")
    ] = None,
) -> None:
    """Print a new key in the place of an old one, which ends a while later."""
    with transaction("keys") as session:
        keys = ApiKeyRepository(session)
        key = keys.rotate(prefix, at=clock.now(session), overlap=overlap or OVERLAP)
        _note(session, keys.with_prefix(prefix).owner_id, AuditAction.KEY_ROTATED, prefix)
    typer.echo(key.shown)


@app.command()
def revoke(prefix: Annotated[str, typer.Argument(help="As listed: cs_ and eight letters.")]) -> None:
    """Take a key back, at once and for good."""
    with transaction("keys") as session:
        key = ApiKeyRepository(session).revoke(prefix, at=clock.now(session))
        _note(session, key.owner_id, AuditAction.KEY_REVOKED, prefix)
    typer.echo(f"{prefix} is revoked.")


def _note(session: Session, owner_id: uuid.UUID, action: AuditAction, prefix: str) -> None:
    AuditRepository(session).add(Actor.operator_for(owner_id), action, prefix)


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return f"revoked {key.revoked_at:%Y-%m-%d}"
    if key.expires_at is None:
        return "valid"
    return f"{'expired' if key.expires_at <= now else 'valid until'} {key.expires_at:%Y-%m-%d %H:%M}"
