"""Transcripts of a batch as files: one a call and form, named as the recordings are."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final
from uuid import UUID

from cli.bulk.pool import in_parallel
from cli.bulk.selection import SOUNDS
from cli.files import written
from client import Batch, Client, Result
from core.errors import InvalidRequest

FORMS: Final = {"json": "json", "srt": "srt", "vtt": "vtt", "txt": "text"}
"""What the API calls the forms of a single call, by the ends of their files' names."""
TABLE: Final = "csv"
"""One file for all calls."""
AT_ONCE: Final = 4


def read_forms(text: str) -> tuple[str, ...]:
    """`json,srt`; raises `InvalidRequest` for what there is not."""
    forms = tuple(form.strip() for form in text.split(","))
    unknown = [form for form in forms if form not in {*FORMS, TABLE}]
    if unknown:
        raise InvalidRequest(f"There is no {unknown[0]!r}; there are {', '.join([*FORMS, TABLE])}.")
    return forms


def write_out(client: Client, batch: Batch, folder: Path, forms: Sequence[str]) -> int:
    """Everything that is completed, and a table of what is not; how many calls were written."""
    folder.mkdir(parents=True, exist_ok=True)
    if TABLE in forms:
        _save(folder / "calls.csv", client, batch.id, "results")
    if batch.request_counts.unsuccessful:
        _save(folder / "errors.csv", client, batch.id, "errors")
    single = [form for form in forms if form in FORMS]
    if not single:
        return batch.request_counts.completed
    writer = _Writer(client, folder, single, names_of(_custom_ids(client, batch)))
    return sum(map(sum, in_parallel(writer.write, client.batches.results(batch.id), at_once=AT_ONCE)))


def _custom_ids(client: Client, batch: Batch) -> set[str]:
    return {item.custom_id for item in client.batches.items(batch.id) if item.custom_id}


def names_of(custom_ids: Collection[str]) -> dict[str, str]:
    """Paths below a folder, without an end: `march/7.wav` is `march/7`, unless there is a `march/7.mp3` too.

    No two are the same, and none leads out of the folder, whatever its caller chose.
    """
    stems = Counter(_stem(_safe(each)).casefold() for each in custom_ids)
    names: dict[str, str] = {}
    taken: set[str] = set()
    for each in sorted(custom_ids):
        safe = _safe(each)
        digest = hashlib.sha256(each.encode(errors="replace")).hexdigest()[:16]
        fitting = [_stem(safe)] if stems[_stem(safe).casefold()] == 1 else []
        # Some file systems take A for a.
        name = next(one for one in (*fitting, safe, f"{safe}-{digest}") if one.casefold() not in taken)
        names[each] = name
        taken.add(name.casefold())
    return names


@dataclass(frozen=True, slots=True)
class _Writer:
    client: Client
    folder: Path
    forms: Sequence[str]
    names: Mapping[str, str]

    def write(self, result: Result) -> int:
        name = self.names.get(result.custom_id or "") or str(result.job_id)
        for form in self.forms:
            with written(self.folder / f"{name}.{form}") as file:
                file.write(self._content(result, form))
        return 1

    def _content(self, result: Result, form: str) -> bytes:
        if form == "json":
            said = result.transcript.model_dump(mode="json", exclude_unset=True)
            return (json.dumps(said, ensure_ascii=False, indent=2) + "\n").encode()
        return self.client.transcript_as(result.job_id, FORMS[form]).encode()


def _save(path: Path, client: Client, batch_id: UUID, what: str) -> None:
    batches = client.batches
    opened = batches.results_as(batch_id, "csv") if what == "results" else batches.errors_as(batch_id, "csv")
    with opened as pieces, written(path) as file:
        for piece in pieces:
            file.write(piece)


def _safe(called: str) -> str:
    parts = ["".join(each if each.isprintable() else "_" for each in part) for part in called.split("/")]
    kept = [part for part in parts if part not in {"", ".", ".."}]
    return "/".join(part.encode()[:200].decode(errors="ignore") for part in kept) or "_"


def _stem(path: str) -> str:
    pure = PurePosixPath(path)
    return str(pure.with_suffix("")) if pure.suffix.lower() in SOUNDS else path
