"""Results and errors of a batch as a stream: as many as there are, in memory for a page of them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Protocol, TypeAlias

from sqlalchemy.orm import Session

from api.batches.presentation import present_item
from api.batches.schemas import ItemRead
from core.database import SessionFactory
from models.call_rows import Call, CallColumns, call_row
from models.csv_lines import csv_line
from models.repositories.batch_items import BatchItemRepository
from models.states import ItemState, JobState

PAGE: Final = 100
"""Transcripts in memory at a time."""
MOST_METADATA: Final = 200
"""Columns of a CSV file for the callers' own metadata; JSON has them all."""
ENDED_OTHERWISE: Final = (JobState.FAILED, JobState.CANCELED, JobState.EXPIRED)
ERROR_COLUMNS: Final = ("number", "custom_id", "status", "job_id", "filename", "code", "message")

Lines: TypeAlias = Sequence[tuple[int, str]]
"""Numbers of items, and what there is to say of each."""


class Export(Protocol):
    """What one file has of a batch, after the item of this number."""

    def __call__(
        self, sessions: SessionFactory, batch_id: uuid.UUID, *, form: str, after: int
    ) -> Iterator[str]: ...


def results(sessions: SessionFactory, batch_id: uuid.UUID, *, form: str, after: int) -> Iterator[str]:
    """A line for each completed item, in order; CSV begins with a header."""
    columns = _columns(sessions, batch_id) if form == "csv" else None
    if columns is not None:
        yield csv_line(columns.names)

    def write(call: Call) -> str:
        return _result_line(call) if columns is None else csv_line(call_row(columns, call))

    def page(session: Session, last: int) -> Lines:
        calls = BatchItemRepository(session).completed(batch_id, after=last, limit=PAGE)
        return [(call.item.number, write(call)) for call in calls]

    yield from _pages(sessions, page, after=after)


def errors(sessions: SessionFactory, batch_id: uuid.UUID, *, form: str, after: int) -> Iterator[str]:
    """A line for each item that was refused or ended without a transcript."""
    if form == "csv":
        yield csv_line(ERROR_COLUMNS)
    write = _csv_error if form == "csv" else _json_line

    def page(session: Session, last: int) -> Lines:
        rows = BatchItemRepository(session).page(
            batch_id,
            after=last,
            limit=PAGE,
            states=[ItemState.REFUSED, ItemState.CANCELED],
            job_states=ENDED_OTHERWISE,
        )
        items = [present_item(*row) for row in rows]
        return [(item.number, write(_error_row(item))) for item in items]

    yield from _pages(sessions, page, after=after)


def _pages(sessions: SessionFactory, page: Callable[[Session, int], Lines], *, after: int) -> Iterator[str]:
    """Each in a transaction of its own: a slow reader holds none."""
    while True:
        with sessions.begin() as session:
            lines = page(session, after)
        if not lines:
            return
        yield "".join(line for _, line in lines)
        after = lines[-1][0]


def _columns(sessions: SessionFactory, batch_id: uuid.UUID) -> CallColumns:
    with sessions.begin() as session:
        items = BatchItemRepository(session)
        return CallColumns(items.roles(batch_id), items.metadata_keys(batch_id, limit=MOST_METADATA))


def _result_line(call: Call) -> str:
    return _json_line(
        {
            "number": call.item.number,
            "custom_id": call.item.custom_id,
            "job_id": str(call.job.id),
            "filename": call.recording.filename,
            "metadata": call.job.details,
            "transcript": call.transcript.content,
        }
    )


def _error_row(item: ItemRead) -> Mapping[str, object]:
    return {
        "number": item.number,
        "custom_id": item.custom_id,
        "status": item.status.value,
        "job_id": None if item.job_id is None else str(item.job_id),
        "filename": item.filename,
        "code": item.error.code if item.error else None,
        "message": item.error.message if item.error else None,
    }


def _csv_error(row: Mapping[str, object]) -> str:
    return csv_line(row[name] for name in ERROR_COLUMNS)


def _json_line(row: Mapping[str, object]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"
