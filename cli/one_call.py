"""One recording: a job, and its dialogue on the terminal."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console

from cli.dialogue import plain, print_dialogue
from cli.progress import await_end, send
from client import Client, Job, SubmitOptions
from core.errors import PayloadTooLarge, RecordingRejected


def submit_one(client: Client, recording: Path, options: SubmitOptions, *, wait: bool) -> bool:
    """Whether it was accepted, and completed if that is waited for."""
    bars = Console(stderr=True)
    try:
        job = send(bars, client, recording, options)
    except (RecordingRejected, PayloadTooLarge) as error:
        typer.echo(plain(f"{recording}: {error}"), err=True)
        return False
    typer.echo(job.id, err=wait)
    return _awaited(bars, client, job) if wait else True


def _awaited(bars: Console, client: Client, job: Job) -> bool:
    job = await_end(bars, client, job)
    if job.is_completed:
        print_dialogue(Console(), client.transcript(job.id), title=job.name)
    else:
        typer.echo(plain(f"{job.name}: {job.status}. {job.reason}"), err=True)
    return job.is_completed
