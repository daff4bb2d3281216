"""What became of a batch, in a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.dialogue import plain
from client import Batch, Client, Reviewed
from core.errors import NotFound

SHOWN: Final = 20
"""Troubles that are told one by one; of more, how many."""


def print_summary(console: Console, batch: Batch, *, worst: Sequence[Reviewed], unsent: int) -> None:
    grid = Table.grid(padding=(0, 2))
    for name, value in _facts(batch, worst, unsent):
        grid.add_row(Text(name, style="dim"), Text(plain(value), overflow="fold"))
    console.print(grid)


def worst_of(client: Client, batch: Batch) -> list[Reviewed]:
    """The call that is trusted least; none where the server does not judge calls."""
    try:
        return client.batches.review(batch.id, limit=1)
    except NotFound:
        return []


def print_troubles(console: Console, troubles: Mapping[str, str], *, more: str) -> None:
    """Which recordings have no transcript, and why; `more` says where the rest can be read."""
    for custom_id, why in list(troubles.items())[:SHOWN]:
        console.print(Text(plain(f"{custom_id}: {why}")), soft_wrap=True)
    if len(troubles) > SHOWN:
        console.print(Text(f"… and {len(troubles) - SHOWN} more. {more}"), soft_wrap=True)


def _facts(batch: Batch, worst: Sequence[Reviewed], unsent: int) -> Iterator[tuple[str, str]]:
    counts, audio = batch.request_counts, batch.audio_seconds
    yield "batch", f"{batch.name} ({batch.id})" if batch.name else str(batch.id)
    yield "completed", f"{counts.completed} of {counts.total}"
    for name, count in (
        ("failed", counts.failed),
        ("refused", counts.refused),
        ("canceled", counts.canceled),
        ("expired", counts.expired),
        ("not sent", unsent),
    ):
        if count or name in {"failed", "refused"}:
            yield name, str(count)
    if audio is not None:
        yield "hours", f"{audio.completed / 3600:.2f} of {audio.known / 3600:.2f}"
    yield "RTFx", "" if batch.rtfx is None else f"{batch.rtfx:.1f}"
    for each in worst[:1]:
        trust = "unknown" if each.trust is None else f"{each.trust:.2f}"
        yield "worst trust", f"{trust} ({each.custom_id or each.filename or each.job_id})"
