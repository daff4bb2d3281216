"""A submission of many recordings from its plan to its exit code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer
from rich.console import Console

from cli.bulk.display import Display
from cli.bulk.journal import Journal
from cli.bulk.outputs import write_out
from cli.bulk.plan import Plan
from cli.bulk.sending import Sender
from cli.bulk.summary import print_summary, print_troubles, worst_of
from client import Batch, Client
from core.errors import NotFound

JOURNALS: Final = "submissions"
"""Folder of the state directory."""


@dataclass(frozen=True, slots=True)
class Conduct:
    """How it is done; what is done is in the plan."""

    wait: bool = False
    out: Path | None = None
    forms: tuple[str, ...] = ("json",)
    at_once: int = 4


def journal_of(plan: Plan, state_dir: Path) -> Path:
    """Where a submission's journal is when its user does not say."""
    return state_dir.expanduser() / JOURNALS / f"{plan.digest[:32]}.jsonl"


def carry_out(client: Client, plan: Plan, journal: Journal, conduct: Conduct) -> bool:
    """Whether every recording was taken, and completed if that is waited for."""
    told = Console(stderr=True, highlight=False)
    _say_what_was_done(told, plan, journal)
    with Display(told, client) as display:
        sender = Sender(client, journal, display, at_once=conduct.at_once)
        display.begin(
            [piece for piece in plan.pieces if not journal.progress.is_settled(piece.custom_id)],
            total=len(plan.pieces),
        )
        batch = _sent(sender, plan)
        typer.echo(batch.id, err=conduct.wait)
        if conduct.wait:
            batch = display.follow(batch)
    left_out = _refused(plan, journal) | sender.unsent
    if conduct.wait:
        _conclude(client, batch, conduct, unsent=len(sender.unsent))
        left_out |= _errors(client, batch)
    print_troubles(told, left_out, more=f"callscribe batch errors {batch.id}")
    return not left_out and (batch.is_completed or not conduct.wait)


def _sent(sender: Sender, plan: Plan) -> Batch:
    known = sender.journal.progress.batch_id
    try:
        return sender.client.batches.get(sender.send(plan))
    except NotFound as error:
        if known is None:
            raise
        raise NotFound(f"{error} The journal knows batch {known}; --again sends everything anew.") from error


def _refused(plan: Plan, journal: Journal) -> dict[str, str]:
    ids = [piece.custom_id for piece in plan.pieces]
    return {each: journal.progress.refused[each] for each in ids if each in journal.progress.refused}


def _errors(client: Client, batch: Batch) -> dict[str, str]:
    if not batch.request_counts.unsuccessful:
        return {}
    return {
        item.called: item.error.message if item.error else item.status
        for item in client.batches.errors(batch.id)
    }


def _conclude(client: Client, batch: Batch, conduct: Conduct, *, unsent: int) -> None:
    if conduct.out is not None:
        count = write_out(client, batch, conduct.out, conduct.forms)
        typer.echo(f"{count} transcripts are in {conduct.out}.", err=True)
    print_summary(Console(), batch, worst=worst_of(client, batch), unsent=unsent)


def _say_what_was_done(told: Console, plan: Plan, journal: Journal) -> None:
    progress, total = journal.progress, len(plan.pieces)
    done = sum(progress.is_settled(piece.custom_id) for piece in plan.pieces)
    if plan.passed_over:
        told.print(f"Passing over {plan.passed_over} files that are no recordings by their names.")
    if done == total and progress.is_closed:
        told.print(f"All {total} recordings were sent before; --again sends them once more.")
    elif done:
        told.print(f"Going on: {done} of {total} recordings were sent before.")
