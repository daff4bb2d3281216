"""Manifests: recordings with what is known of each, as a table (CSV) or one JSON object a line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from cli.bulk.selection import LONGEST_ID
from cli.roles import read_roles
from client import SubmitOptions
from core.errors import InvalidRequest

PLACES: Final = ("file", "url")
OPTIONS: Final = ("model", "language", "lane", "script", "webhook_url")
COLUMNS: Final = frozenset(
    {*PLACES, *OPTIONS, "custom_id", "filename", "roles", "expires_at", "reuse", "upload_id"}
)
"""Of a table, every other column is metadata."""
NAMES: Final = COLUMNS | {"metadata"}
DELIMITERS: Final = ",;\t"
"""Programs that write tables choose one by the language they run in."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line."""

    custom_id: str
    file: str | None
    """A path, relative to the folder of the recordings."""
    url: str | None
    filename: str | None
    options: SubmitOptions


def read_manifest(path: Path) -> list[Entry]:
    """Raises `InvalidRequest` with the line that is wrong; ids are unique."""
    entries: dict[str, Entry] = {}
    for line, fields in _lines(path):
        try:
            entry = _entry(fields)
            if entry.custom_id in entries:
                raise InvalidRequest(f"{entry.custom_id!r} is there twice; give each a custom_id of its own.")
        except InvalidRequest as error:
            raise InvalidRequest(f"{path.name}, line {line}: {error}") from error
        entries[entry.custom_id] = entry
    if not entries:
        raise InvalidRequest(f"{path.name} names no recordings.")
    return list(entries.values())


def _lines(path: Path) -> Iterator[tuple[int, dict[str, JsonValue]]]:
    if path.suffix.lower() == ".csv":
        return _rows(path)
    if path.suffix.lower() in {".jsonl", ".ndjson"}:
        return _objects(path)
    raise InvalidRequest(f"{path.name} is neither .csv nor .jsonl.")


def _objects(path: Path) -> Iterator[tuple[int, dict[str, JsonValue]]]:
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
        except ValueError:
            fields = None
        if not isinstance(fields, dict):
            raise InvalidRequest(f"{path.name}, line {number}: not a JSON object.")
        unknown = sorted(fields.keys() - NAMES)
        if unknown:
            raise InvalidRequest(f"{path.name}, line {number}: {unknown[0]!r} means nothing here.")
        yield number, fields


def _rows(path: Path) -> Iterator[tuple[int, dict[str, JsonValue]]]:
    text = _text(path)
    delimiter = max(DELIMITERS, key=text.partition("\n")[0].count)
    # As they are: fields may hold line breaks.
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    for row in reader:
        if None in row:
            raise InvalidRequest(f"{path.name}, line {reader.line_num}: more fields than the first line has.")
        given = {name.strip(): value.strip() for name, value in row.items() if value and value.strip()}
        known: dict[str, JsonValue] = {name: given.pop(name) for name in COLUMNS & given.keys()}
        metadata: JsonValue = {name.removeprefix("metadata."): value for name, value in given.items()}
        yield reader.line_num, {**known, "metadata": metadata}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{path.name} is not UTF-8.") from error


def _entry(fields: Mapping[str, JsonValue]) -> Entry:
    file, url = (_string(fields, name) for name in PLACES)
    if "upload_id" in fields:
        raise InvalidRequest("`upload_id` is for manifests that the server reads; here `file` or `url` is.")
    if (file is None) == (url is None):
        raise InvalidRequest("either `file` or `url` must say where the recording is.")
    custom_id = _string(fields, "custom_id") or file or url or ""
    if len(custom_id) > LONGEST_ID:
        raise InvalidRequest(f"a custom_id has at most {LONGEST_ID} characters.")
    return Entry(custom_id, file, url, _string(fields, "filename"), _options(fields))


def _options(fields: Mapping[str, JsonValue]) -> SubmitOptions:
    model, language, lane, script, webhook_url = (_string(fields, name) for name in OPTIONS)
    return SubmitOptions(
        model=model,
        language=language,
        lane=lane,
        script=script,
        webhook_url=webhook_url,
        roles=_roles(fields.get("roles")),
        metadata=_metadata(fields.get("metadata")),
        expires_at=_moment(_string(fields, "expires_at")),
        reuse=_truth(fields.get("reuse")),
    )


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest(f"{text!r} is no time as 2026-11-22T18:00:00+01:00.") from error
    if moment.tzinfo is None:
        raise InvalidRequest(f"{text!r} says no zone.")
    return moment


def _truth(given: JsonValue) -> bool | None:
    if given is None or isinstance(given, bool):
        return given
    if given in {"true", "false"}:
        return given == "true"
    raise InvalidRequest("`reuse` must be true or false.")


def _string(fields: Mapping[str, JsonValue], name: str) -> str | None:
    value = fields.get(name)
    if value is None or isinstance(value, str):
        return value or None
    raise InvalidRequest(f"`{name}` must be text.")


def _roles(given: JsonValue) -> str | Mapping[str, str] | None:
    if isinstance(given, list):
        return ",".join(str(each) for each in given)
    if isinstance(given, dict):
        return {channel: str(role) for channel, role in given.items()}
    return read_roles(given) if isinstance(given, str) else None


def _metadata(given: JsonValue) -> Mapping[str, JsonValue]:
    if given is None or isinstance(given, dict):
        return given or {}
    raise InvalidRequest("`metadata` must be an object.")
