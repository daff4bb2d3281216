"""callscribe status"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.clock import clock
from cli.dialogue import plain
from cli.settings import find_access
from client import IMPATIENT, Client
from client.answers import Answer, Job


def status(
    job_id: Annotated[uuid.UUID | None, typer.Argument(help="Left out: the newest jobs.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As the API answers.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many of the newest.")] = 20,
) -> None:
    """Say where a job stands, or the newest ones."""
    with Client(find_access(), IMPATIENT) as client:
        if job_id is None:
            _show_all([*client.jobs(limit=limit)], as_json=as_json)
        else:
            _show_one(client.job(job_id), as_json=as_json)


def _show_one(job: Job, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(_plain_json(job), indent=2, ensure_ascii=False))
        return
    grid = Table.grid(padding=(0, 2))
    for name, value in _facts(job):
        grid.add_row(Text(name, style="dim"), Text(plain(value), overflow="fold"))
    Console().print(grid)


def _show_all(jobs: Sequence[Job], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([_plain_json(job) for job in jobs], indent=2, ensure_ascii=False))
        return
    # Four columns are what eighty characters hold beside an id; the rest is in the view of one job.
    table = Table(box=None, pad_edge=False)
    for heading in ("job", "submitted", "status"):
        table.add_column(heading, no_wrap=True)
    table.add_column("recording", overflow="fold")
    for job in jobs:
        submitted = f"{job.created_at.astimezone():%m-%d %H:%M}"
        table.add_row(str(job.id), submitted, Text(plain(_standing(job))), Text(plain(job.name)))
    Console().print(table)


def _plain_json(answer: Answer) -> dict[str, object]:
    return answer.model_dump(mode="json")


def _facts(job: Job) -> Iterator[tuple[str, str]]:
    yield "job", str(job.id)
    yield "recording", job.name
    yield "status", _standing(job)
    if job.error is not None:
        yield "error", f"{job.error.message} ({job.error.code})"
    yield "submitted", f"{job.created_at.astimezone():%Y-%m-%d %H:%M:%S}"
    if job.expires_at is not None:
        yield "deadline", f"{job.expires_at.astimezone():%Y-%m-%d %H:%M:%S}"
    yield "length", _length(job)
    yield "model", job.model
    yield "language", job.language or "found out by the model"
    yield "lane", job.lane
    yield "attempt", str(job.attempt)
    for stage, milliseconds in job.timings_ms.items():
        if milliseconds is not None:
            yield stage, f"{milliseconds / 1000:.3f} s"


def _standing(job: Job) -> str:
    return f"{job.stage} {job.progress:.0%}" if job.stage else job.status


def _length(job: Job) -> str:
    return "" if job.source.duration_ms is None else clock(job.source.duration_ms)
