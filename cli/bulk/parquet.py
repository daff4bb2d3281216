"""Transcripts as Parquet: one row a call, for DuckDB, pandas, Spark and the like."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice
from typing import BinaryIO, Final

from pydantic import JsonValue

from client import Result, Utterance
from core.errors import LibraryMissing

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError as error:
    raise LibraryMissing(
        "Parquet needs pyarrow: .venv/bin/python -m pip install 'pyarrow>=26,<27'."
    ) from error

ROWS_AT_ONCE: Final = 1_000
"""A row group: what lies in memory together, some 20 MB for calls of ten minutes."""

SCHEMA: Final = pa.schema(
    [
        ("custom_id", pa.string()),
        ("job_id", pa.string()),
        ("filename", pa.string()),
        ("metadata", pa.string()),  # JSON, as every caller has its own
        ("model", pa.string()),
        ("language", pa.string()),
        ("duration_ms", pa.int64()),
        ("trust", pa.float64()),
        ("text", pa.string()),
        ("metrics", pa.string()),  # JSON, docs/metrics.md
        ("quality", pa.string()),  # JSON, docs/quality.md
        ("warnings", pa.list_(pa.string())),
        (
            "utterances",
            pa.list_(
                pa.struct(
                    [
                        ("channel", pa.int32()),
                        ("role", pa.string()),
                        ("start_ms", pa.int64()),
                        ("end_ms", pa.int64()),
                        ("text", pa.string()),
                        ("confidence", pa.float64()),
                    ]
                )
            ),
        ),
    ]
)


def write(results: Iterable[Result], file: BinaryIO) -> None:
    """Row group by row group; a batch without results has the columns and no rows."""
    rows = map(row_of, results)
    with pq.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
        while group := list(islice(rows, ROWS_AT_ONCE)):
            writer.write_table(pa.Table.from_pylist(group, schema=SCHEMA))


def row_of(result: Result) -> dict[str, object]:
    said = result.transcript
    return {
        "custom_id": result.custom_id,
        "job_id": str(result.job_id),
        "filename": result.filename,
        "metadata": _json(result.metadata),
        "model": said.model,
        "language": said.language,
        "duration_ms": said.duration_ms,
        "trust": None if said.quality is None else said.quality.trust,
        "text": said.text,
        "metrics": None if said.metrics is None else _json(said.metrics),
        "quality": None if said.quality is None else _json(said.quality.model_dump(mode="json")),
        "warnings": [warned.code for warned in said.warnings],
        "utterances": [_utterance(each) for each in said.utterances],
    }


def _utterance(said: Utterance) -> dict[str, object]:
    return {
        "channel": said.channel,
        "role": said.role,
        "start_ms": said.start_ms,
        "end_ms": said.end_ms,
        "text": said.text,
        "confidence": said.confidence,
    }


def _json(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)
