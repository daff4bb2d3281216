"""callscribe batch"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterable
from typing import Annotated, Literal

import typer
from rich.console import Console

from cli.bulk.display import Display
from cli.bulk.summary import print_summary, worst_of
from cli.bulk.tables import print_batch, print_batches, print_items, print_review
from cli.settings import find_access
from client import IMPATIENT, Client
from client.answers import Answer

app = typer.Typer(no_args_is_help=True, add_completion=False)

BatchId = Annotated[uuid.UUID, typer.Argument(metavar="BATCH", help="As `callscribe submit` printed it.")]
AsJson = Annotated[bool, typer.Option("--json", help="As the API answers.")]
Shape = Annotated[Literal["jsonl", "csv"], typer.Option("--format", help="One JSON object or row a call.")]


@app.callback()
def batch() -> None:
    """Look at batches, read what came of them, and steer them."""


@app.command("list")
def list_batches(
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest.")] = 20,
    *,
    as_json: AsJson = False,
) -> None:
    """Say where the newest batches stand."""
    with _client() as client:
        found = client.batches.newest(limit=limit)
        _print_json(found) if as_json else print_batches(Console(), found)


@app.command()
def show(batch_id: BatchId, *, as_json: AsJson = False) -> None:
    """Say where one batch stands."""
    with _client() as client:
        found = client.batches.get(batch_id)
    _print_json([found]) if as_json else print_batch(Console(), found)


@app.command()
def items(
    batch_id: BatchId,
    status: Annotated[list[str] | None, typer.Option(help="Only in this state; may be repeated.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List the recordings of a batch and how each stands."""
    with _client() as client:
        found = client.batches.items(batch_id, status=status or ())
        _print_json(found) if as_json else print_items(Console(), found)


@app.command()
def results(batch_id: BatchId, form: Shape = "jsonl") -> None:
    """Print the transcripts that are completed so far."""
    with _client() as client, client.batches.results_as(batch_id, form) as pieces:
        _pass_on(pieces)


@app.command()
def errors(batch_id: BatchId, form: Shape = "jsonl") -> None:
    """Print what was refused, failed, was canceled or expired, and why."""
    with _client() as client, client.batches.errors_as(batch_id, form) as pieces:
        _pass_on(pieces)


@app.command()
def review(
    batch_id: BatchId,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    *,
    as_json: AsJson = False,
) -> None:
    """Say which calls to listen to first."""
    with _client() as client:
        found = client.batches.review(batch_id, limit=limit)
    _print_json(found) if as_json else print_review(Console(), found)


@app.command()
def cancel(batch_id: BatchId) -> None:
    """End what is not over yet."""
    with _client() as client:
        print_batch(Console(), client.batches.cancel(batch_id))


@app.command("retry-failed")
def retry_failed(batch_id: BatchId) -> None:
    """Run failed and expired recordings again."""
    with _client() as client:
        print_batch(Console(), client.batches.retry_failed(batch_id))


@app.command()
def wait(batch_id: BatchId) -> None:
    """Stay until a batch is over; fails unless all of it is completed."""
    with Client(find_access()) as client:
        found = client.batches.get(batch_id)
        with Display(Console(stderr=True), client) as display:
            ended = display.follow(found)
        print_summary(Console(), ended, worst=worst_of(client, ended), unsent=0)
    if not ended.is_completed:
        raise typer.Exit(1)


def _client() -> Client:
    return Client(find_access(), IMPATIENT)


def _pass_on(pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def _print_json(answers: Iterable[Answer]) -> None:
    """One a line, as they come."""
    for answer in answers:
        typer.echo(json.dumps(answer.model_dump(mode="json", exclude_unset=True), ensure_ascii=False))
