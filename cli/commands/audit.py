"""callscribe audit"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.database import transaction
from models.audit_entry import AuditEntry
from models.repositories.audit import AuditQuery, AuditRepository

COLUMNS = ("at", "owner", "actor", "action", "subject", "address", "request_id")


def audit(
    *,
    owner: Annotated[str | None, typer.Option(help="Only whose calls these are.")] = None,
    subject: Annotated[
        str | None, typer.Option(help="Id of a job, batch, upload or webhook; prefix of a key.")
    ] = None,
    actor: Annotated[str | None, typer.Option(help="Prefix of an API key, or `operator`.")] = None,
    since: Annotated[datetime | None, typer.Option(help="UTC.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Newest entries.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON each.")] = False,
) -> None:
    """Show who did what to whose calls, and from where."""
    query = AuditQuery(
        owner=owner,
        subject=subject,
        actor=actor,
        since=since.replace(tzinfo=UTC) if since else None,
        limit=limit,
    )
    with transaction("audit") as session:
        rows = [_row(entry, whose) for entry, whose in AuditRepository(session).newest(query)]
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row, ensure_ascii=False))
        return
    table = Table(*COLUMNS)
    for row in rows:
        table.add_row(*(value or "" for value in row.values()))
    Console().print(table)


def _row(entry: AuditEntry, owner: str) -> dict[str, str | None]:
    at = entry.created_at.astimezone(UTC).isoformat(timespec="milliseconds")
    seen = (at, owner, entry.actor, entry.action.value, entry.subject, entry.address, entry.request_id)
    return dict(zip(COLUMNS, seen, strict=True))
