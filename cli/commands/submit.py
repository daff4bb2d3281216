"""callscribe submit"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from cli.dialogue import plain, print_dialogue
from cli.progress import await_end, send
from cli.settings import find_access
from client import Client, Job, SubmitOptions
from core.errors import PayloadTooLarge, RecordingRejected

Recordings = Annotated[list[Path], typer.Argument(metavar="FILE...", exists=True, dir_okay=False)]
Metadata = Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="Your own; may be repeated.")]


def submit(
    files: Recordings,
    *,
    model: Annotated[str | None, typer.Option(help="The server's default if left out.")] = None,
    language: Annotated[str | None, typer.Option(help="Left out, the model finds out.")] = None,
    lane: Annotated[Literal["live", "bulk"] | None, typer.Option(help="live goes before all bulk.")] = None,
    roles: Annotated[str | None, typer.Option(help="By channel: agent,customer.")] = None,
    metadata: Metadata = None,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until all have ended; print dialogues.")] = False,
) -> None:
    """Submit recordings and print their jobs' ids, one a line."""
    options = SubmitOptions(model, language, lane, roles, dict(_pairs(metadata or [])))
    bars = Console(stderr=True)
    with Client(find_access()) as client:
        jobs = []
        for job in _sent(bars, client, files, options):
            jobs.append(job)
            typer.echo(job.id, err=wait)
        ended = [_awaited(bars, client, job) for job in jobs] if wait else jobs
    if len(ended) < len(files) or (wait and not all(job.is_completed for job in ended)):
        raise typer.Exit(1)


def _pairs(given: Sequence[str]) -> Iterator[tuple[str, str]]:
    for pair in given:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise typer.BadParameter(f"{pair!r} is not KEY=VALUE", param_hint="--metadata")
        yield key, value


def _sent(bars: Console, client: Client, files: Sequence[Path], options: SubmitOptions) -> Iterator[Job]:
    """Jobs of the recordings that were accepted; one that is refused keeps nobody else back."""
    for file in files:
        try:
            yield send(bars, client, file, options)
        except (RecordingRejected, PayloadTooLarge) as error:
            typer.echo(plain(f"{file}: {error}"), err=True)


def _awaited(bars: Console, client: Client, job: Job) -> Job:
    job = await_end(bars, client, job)
    if job.is_completed:
        print_dialogue(Console(), client.transcript(job.id), title=job.name)
    else:
        typer.echo(plain(f"{job.name}: {job.status}. {job.reason}"), err=True)
    return job
