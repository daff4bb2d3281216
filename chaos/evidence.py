"""What is left of a run that broke a promise: every table, what callers and receivers know, and the logs."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from chaos.ledger import Ledger
from chaos.receiver import Mailbox

FOLDER: Final = "evidence"
TABLES: Final = (
    ("public", "jobs"),
    ("public", "recordings"),
    ("public", "channels"),
    ("public", "chunks"),
    ("public", "device_batches"),
    ("public", "hypotheses"),
    ("public", "transcripts"),
    ("public", "events"),
    ("public", "deliveries"),
    ("public", "delivery_attempts"),
    ("chaos", "history"),
)


@contextmanager
def workplace() -> Iterator[Path]:
    """A directory for one run, of which only the evidence stays, if there is any."""
    with tempfile.TemporaryDirectory(prefix="callscribe-chaos-") as directory:
        try:
            yield Path(directory)
        finally:
            # Also when the system did not even stop after it.
            collected = Path(directory, FOLDER)
            if collected.exists():
                kept = tempfile.mkdtemp(prefix="callscribe-chaos-evidence-")
                shutil.move(collected, kept)
                print(f"The evidence is in {kept}.")  # noqa: T201 - for whoever runs it


def collect(
    directory: Path,
    connection: psycopg.Connection,
    *,
    breaches: Mapping[str, int],
    ledger: Ledger,
    mailbox: Mailbox,
) -> None:
    """Into `evidence` of the run's directory, while its database still answers."""
    folder = directory / FOLDER
    folder.mkdir()
    for schema, table in TABLES:
        _copy(connection, schema, table, folder / f"{table}.csv")
    _write(folder / "breaches.json", {name: count for name, count in breaches.items() if count})
    _write(folder / "promises.json", {str(job): asdict(kept) for job, kept in ledger.promises.items()})
    _write(folder / "mailbox.json", {event: body.decode() for event, body in mailbox.bodies.items()})
    for log in directory.rglob("*.log"):
        if folder not in log.parents:
            shutil.copy(log, folder / log.name)


def _copy(connection: psycopg.Connection, schema: str, table: str, path: Path) -> None:
    query = sql.SQL("COPY {} TO STDOUT WITH CSV HEADER").format(sql.Identifier(schema, table))
    with path.open("wb") as file, connection.cursor() as cursor, cursor.copy(query) as rows:
        file.writelines(rows)


def _write(path: Path, facts: Mapping[str, object]) -> None:
    path.write_text(json.dumps(facts, indent=1, ensure_ascii=False), encoding="utf-8")
