"""Results and errors of a batch as a stream: as many as there are, in memory for a page of them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from sqlalchemy.orm import Session

from core.database import SessionFactory
from models.base import JsonObject
from models.call_rows import CallColumns, call_row
from models.csv_lines import csv_line
from models.repositories.batch_items import BatchItemRepository
from models.states import ItemState, JobState

PAGE: Final = 100
"""Transcripts in memory at a time."""
MOST_METADATA: Final = 200
"""Columns of a CSV file for the callers' own metadata; JSON has them all."""
ENDED_OTHERWISE: Final = (JobState.FAILED, JobState.CANCELED, JobState.EXPIRED)
ERROR_COLUMNS: Final = ("number", "custom_id", "status", "job_id", "filename", "code", "message")

Row = tuple[int, str]
"""An item's number, and its lines."""
Page = Callable[[Session, int], Sequence[Row]]
"""The rows after a number."""


def results(sessions: SessionFactory, batch_id: uuid.UUID, *, form: str, after: int) -> Iterator[str]:
    """A line for each completed item, in order; CSV begins with a header."""
    if form == "jsonl":
        return _stream(sessions, after, lambda session, last: _result_lines(session, batch_id, last))
    return _results_csv(sessions, batch_id, after)


def errors(sessions: SessionFactory, batch_id: uuid.UUID, *, form: str, after: int) -> Iterator[str]:
    """A line for each item that was refused or ended without a transcript."""
    if form == "jsonl":
        return _stream(
            sessions,
            after,
            lambda session, last: [
                (int(str(row["number"])), _json_line(row)) for row in _error_rows(session, batch_id, last)
            ],
        )
    return _errors_csv(sessions, batch_id, after)


def _results_csv(sessions: SessionFactory, batch_id: uuid.UUID, after: int) -> Iterator[str]:
    with sessions.begin() as session:
        items = BatchItemRepository(session)
        columns = CallColumns(items.roles(batch_id), items.metadata_keys(batch_id, limit=MOST_METADATA))
    yield csv_line(columns.names)
    yield from _stream(
        sessions,
        after,
        lambda session, last: [
            (call.item.number, csv_line(call_row(columns, call)))
            for call in BatchItemRepository(session).completed(batch_id, after=last, limit=PAGE)
        ],
    )


def _errors_csv(sessions: SessionFactory, batch_id: uuid.UUID, after: int) -> Iterator[str]:
    yield csv_line(ERROR_COLUMNS)
    yield from _stream(
        sessions,
        after,
        lambda session, last: [
            (int(str(row["number"])), csv_line([row[name] for name in ERROR_COLUMNS]))
            for row in _error_rows(session, batch_id, last)
        ],
    )


def _stream(sessions: SessionFactory, after: int, page: Page) -> Iterator[str]:
    """Each page in a transaction of its own: a slow reader holds none."""
    while True:
        with sessions.begin() as session:
            rows = page(session, after)
        if not rows:
            return
        yield "".join(lines for _, lines in rows)
        after = rows[-1][0]


def _result_lines(session: Session, batch_id: uuid.UUID, after: int) -> list[Row]:
    rows = BatchItemRepository(session).completed(batch_id, after=after, limit=PAGE)
    return [
        (
            item.number,
            _json_line(
                {
                    "number": item.number,
                    "custom_id": item.custom_id,
                    "job_id": str(job.id),
                    "filename": recording.filename,
                    "metadata": job.details,
                    "transcript": transcript.content,
                }
            ),
        )
        for item, job, recording, transcript in rows
    ]


def _error_rows(session: Session, batch_id: uuid.UUID, after: int) -> list[JsonObject]:
    found = BatchItemRepository(session).page(
        batch_id,
        after=after,
        limit=PAGE,
        states=[ItemState.REFUSED, ItemState.CANCELED],
        job_states=ENDED_OTHERWISE,
    )
    return [
        {
            "number": item.number,
            "custom_id": item.custom_id,
            "status": item.state.value if job is None else job.state.value,
            "job_id": None if job is None else str(job.id),
            "filename": None if recording is None else recording.filename,
            "code": item.error_code if job is None else job.error_code,
            "message": item.error_message if job is None else job.error_message,
        }
        for item, job, recording in found
    ]


def _json_line(row: Mapping[str, object]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"
