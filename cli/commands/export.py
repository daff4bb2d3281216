"""callscribe export"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import typer

from cli.files import written
from cli.settings import find_access
from client import Client

BatchId = Annotated[uuid.UUID, typer.Argument(metavar="BATCH", help="As `callscribe submit` printed it.")]
Format = Annotated[Literal["csv", "jsonl", "parquet"], typer.Option("--format", help="Of the file.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", dir_okay=False, help="Left out, it is printed.")]


def export(batch_id: BatchId, form: Format = "csv", out: Out = None) -> None:
    """Write all transcripts of a batch into one file."""
    if form == "parquet":
        _write_parquet(batch_id, out)
        return
    with (
        Client(find_access()) as client,
        client.batches.results_as(batch_id, form) as pieces,
        _opened(out) as file,
    ):
        for piece in pieces:
            file.write(piece)


def _write_parquet(batch_id: uuid.UUID, out: Path | None) -> None:
    if out is None:
        raise typer.BadParameter("a Parquet file needs a name", param_hint="--out")
    from cli.bulk import parquet  # noqa: PLC0415 - its library is large, and an extra

    with Client(find_access()) as client, _opened(out) as file:
        parquet.write(client.batches.results(batch_id), file)


@contextmanager
def _opened(out: Path | None) -> Iterator[BinaryIO]:
    """Appears under its name once it is whole."""
    if out is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with written(out) as file:
        yield file
