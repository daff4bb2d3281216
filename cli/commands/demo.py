"""callscribe demo"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from cli.checkpoints import ensure_checkpoint
from cli.dialogue import print_dialogue
from cli.progress import await_end, send
from cli.steps import Steps
from client import Access, Client, Job, SubmitOptions
from core.catalog import DEFAULT_MODEL, model_named
from embedded.settings import EmbeddedSettings
from embedded.system import Plan, System

SAMPLES: Final = Path(__file__).resolve().parents[2] / "samples"
CALLS: Final = ("call_en.wav", "call_zh.wav")
OPTIONS: Final = SubmitOptions(lane="live", roles="agent,customer")


def demo(
    model: Annotated[str, typer.Option(help="Which model hears the sample calls.")] = DEFAULT_MODEL,
) -> None:
    """Start everything, transcribe two sample calls end to end, print them, stop everything."""
    console = Console()
    # Apart from `up`, so that one does not disturb the other.
    settings = EmbeddedSettings()
    settings = settings.model_copy(update={"state_dir": settings.state_dir / "demo"})
    with Steps(console) as steps:
        steps.begin(f"finding the model {model}")
        ensure_checkpoint(console, model_named(model))
        with System(Plan(models=(model,), with_flower=False), settings, on_step=steps.begin) as system:
            steps.end()
            jobs = _transcribe(console, Access(system.api_url, system.api_key))
            steps.begin("stopping everything")
    _print_timings(console, jobs)
    if not all(job.is_completed for job in jobs):
        raise typer.Exit(1)


def _transcribe(console: Console, access: Access) -> list[Job]:
    with Client(access) as client:
        submitted = [send(console, client, SAMPLES / name, OPTIONS) for name in CALLS]
        jobs = [await_end(console, client, job) for job in submitted]
        for job in jobs:
            if job.is_completed:
                console.print()
                print_dialogue(console, client.transcript(job.id), title=job.name)
    console.print()
    return jobs


def _print_timings(console: Console, jobs: list[Job]) -> None:
    """Where the time of each call went."""
    table = Table(title="seconds from submission to transcript", title_justify="left")
    table.add_column("call")
    table.add_column("audio", justify="right")
    stages = list(jobs[0].timings_ms)
    for stage in stages:
        table.add_column(stage, justify="right")
    for job in jobs:
        spent = [_seconds(job.timings_ms.get(stage)) for stage in stages]
        table.add_row(job.name, _seconds(job.source.duration_ms), *spent)
    console.print(table)


def _seconds(milliseconds: int | None) -> str:
    return "" if milliseconds is None else f"{milliseconds / 1000:.1f}"
