"""JSONL and CSV: one item a line, or a row."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final

from core.errors import InvalidRequest, UnreadableSource
from models.base import JsonObject
from submission.batches.adding import Unreadable
from submission.batches.item import ItemRequest
from workers.batches.sources.page import Page, Source

LONGEST_LINE: Final = 256 * 1024
"""In bytes; sixteen times the metadata that an item may have."""
COLUMNS: Final = frozenset(ItemRequest.model_fields) - {"metadata"}
"""Columns of a CSV file that mean something; all others are the caller's own metadata."""
METADATA: Final = "metadata."
"""May stand before the name of a column that is metadata, and must where it is the name of an option."""


class ManifestFormat(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"


class _Lines:
    """Lines of a file in UTF-8, and how far they have been read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.byte = file.tell()

    def __iter__(self) -> Iterator[str]:
        while line := self._file.readline(LONGEST_LINE + 1):
            if len(line) > LONGEST_LINE:
                raise UnreadableSource(f"A line may have {LONGEST_LINE} bytes.")
            start, self.byte = self.byte, self.byte + len(line)
            try:
                text = line.decode("utf-8-sig" if start == 0 else "utf-8")
            except UnicodeDecodeError as error:
                raise UnreadableSource("A manifest is written in UTF-8.") from error
            if "\0" in text:
                raise UnreadableSource("A manifest holds no NUL characters.")
            yield text


class JsonLines:
    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, place: JsonObject, *, limit: int) -> Page:
        items: list[object] = []
        with self._path.open("rb") as file:
            file.seek(_byte_of(place))
            lines = _Lines(file)
            for line in lines:
                if line.strip():
                    items.append(_parsed(line))
                if len(items) == limit:
                    return Page(items, {"byte": lines.byte}, is_last=False)
        return Page(items, {"byte": lines.byte}, is_last=True)


def _parsed(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return Unreadable(InvalidRequest("The line is not valid JSON."))


class CsvRows:
    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, place: JsonObject, *, limit: int) -> Page:
        items: list[object] = []
        with self._path.open("rb") as file:
            lines = _Lines(file)
            # The header, in whichever place the page begins.
            header = _header(next(_rows(lines), []))
            file.seek(max(lines.byte, _byte_of(place)))
            lines = _Lines(file)
            for row in _rows(lines):
                if row:
                    items.append(_item(header, row))
                if len(items) == limit:
                    return Page(items, {"byte": lines.byte}, is_last=False)
        return Page(items, {"byte": lines.byte}, is_last=True)


def _rows(lines: _Lines) -> Iterator[list[str]]:
    """A row may be several lines: the reader takes as many as it needs, and no more."""
    try:
        yield from csv.reader(iter(lines), strict=True)
    except csv.Error as error:
        raise UnreadableSource(f"Not valid CSV: {error}.") from error


def _header(row: Sequence[str]) -> list[str]:
    names = [name.strip() for name in row]
    if not any(names):
        raise UnreadableSource("The first row of a CSV file names its columns.")
    if len(set(names)) < len(names):
        raise UnreadableSource("Two columns have the same name.")
    return names


def _item(header: Sequence[str], row: Sequence[str]) -> object:
    """Empty cells are left out. Columns that are no options are metadata."""
    if len(row) > len(header):
        return Unreadable(InvalidRequest("The row has more cells than the first one."))
    cells = {name: cell for name, cell in zip(header, row, strict=False) if cell != ""}
    item: dict[str, object] = {name: cell for name, cell in cells.items() if name in COLUMNS}
    metadata = {name.removeprefix(METADATA): cell for name, cell in cells.items() if name not in COLUMNS}
    return {**item, "metadata": metadata} if metadata else item


def _byte_of(place: JsonObject) -> int:
    return int(str(place.get("byte", 0)))


MANIFESTS: Final[Mapping[ManifestFormat, Callable[[Path], Source]]] = {
    ManifestFormat.JSONL: JsonLines,
    ManifestFormat.CSV: CsvRows,
}
