"""Batches, their items and what to listen to, as tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.bulk.display import facts_of
from cli.dialogue import plain
from client import Batch, BatchItem, Reviewed


def print_batches(console: Console, batches: Iterable[Batch]) -> None:
    table = _table("batch", "made", "status", "calls", "name")
    for batch in batches:
        counts = batch.request_counts
        made = f"{batch.created_at.astimezone():%m-%d %H:%M}"
        calls = f"{counts.over}/{counts.total}"
        table.add_row(str(batch.id), made, batch.status, calls, Text(plain(batch.name or "")))
    console.print(table)


def print_batch(console: Console, batch: Batch) -> None:
    grid = Table.grid(padding=(0, 2))
    rows = [
        ("batch", str(batch.id)),
        ("name", batch.name or ""),
        ("status", batch.status),
        ("made", f"{batch.created_at.astimezone():%Y-%m-%d %H:%M:%S}"),
        ("so far", " · ".join(facts_of(batch))),
        *[(name, str(count)) for name, count in batch.request_counts if count and name != "total"],
        ("error", f"{batch.error.message} ({batch.error.code})" if batch.error else ""),
    ]
    for name, value in rows:
        if value:
            grid.add_row(Text(name, style="dim"), Text(plain(value), overflow="fold"))
    console.print(grid)


def print_items(console: Console, items: Iterable[BatchItem]) -> None:
    table = _table("number", "status", "job", "recording")
    for item in items:
        why = f"{item.called}: {item.error.message}" if item.error else item.called
        job = "" if item.job_id is None else str(item.job_id)
        table.add_row(str(item.number), item.status, job, Text(plain(why), overflow="fold"))
    console.print(table)


def print_review(console: Console, calls: Sequence[Reviewed]) -> None:
    table = _table("trust", "job", "recording", "flags")
    for call in calls:
        trust = "" if call.trust is None else f"{call.trust:.2f}"
        flags = ", ".join(_flag(flag) for flag in call.flags)
        name = call.custom_id or call.filename or ""
        table.add_row(trust, str(call.job_id), Text(plain(name)), Text(plain(flags), overflow="fold"))
    console.print(table)


def _flag(flag: object) -> str:
    """Its code, where there is more to a flag."""
    return str(flag.get("code", flag)) if isinstance(flag, dict) else str(flag)


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
