"""callscribe transcript"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.settings import find_access
from client import IMPATIENT, Client


def transcript(
    job_id: uuid.UUID,
    form: Annotated[Literal["text", "json", "srt", "vtt"], typer.Option("--format")] = "text",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", dir_okay=False, writable=True, help="Instead of printing."),
    ] = None,
) -> None:
    """Print the transcript of a completed job."""
    with Client(find_access(), IMPATIENT) as client:
        text = client.transcript_as(job_id, form)
    if output is None:
        typer.echo(text, nl=not text.endswith("\n"))
    else:
        output.write_text(text, encoding="utf-8", newline="")
