"""Progress bars: bytes of a recording that is sent, stages of the job that follows."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)

from cli.dialogue import plain
from client import Client, Job, SubmitOptions


def send(
    console: Console,
    client: Client,
    recording: Path,
    options: SubmitOptions,
) -> Job:
    """Submit a recording, again and again while the server fails; the bar goes away with the last byte."""
    columns = (*_named_bar(), DownloadColumn(), TransferSpeedColumn())
    name = plain(recording.name)
    # Where nobody watches, a bar would be noise in somebody's log.
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        bar = bars.add_task(name, total=recording.stat().st_size)
        return client.submit(
            recording,
            options,
            on_sent=lambda sent: bars.update(bar, completed=sent),
            on_retry=lambda error: console.print(f"{name}: {error} Sending it again.", markup=False),
        )


def await_end(console: Console, client: Client, job: Job) -> Job:
    """Wait until a job has ended, however it does; the bar stays."""
    columns = (*_named_bar(), TaskProgressColumn(), TextColumn("{task.fields[stage]}"), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        bar = bars.add_task(plain(job.name), total=1.0, stage=job.status)
        for seen in client.follow(job.id):
            bars.update(bar, completed=seen.progress, stage=seen.stage or seen.status)
            job = seen
    return job


def _named_bar() -> tuple[TextColumn, BarColumn]:
    # Names of files may hold brackets, which are not markup.
    return TextColumn("{task.description}", markup=False), BarColumn()
