"""What a backup says of itself: `manifest.json`, written last, and `objects.jsonl`, a line for each object.

A directory without a manifest is a backup that broke off.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from backups.private_files import open_private
from core.errors import BackupDamaged
from models.repositories.snapshots import TableState

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
DUMP: Final = "database.dump"
OBJECTS: Final = "objects.jsonl"


class ObjectState(StrEnum):
    STORED = "stored"
    ERASED = "erased"
    """It went while the backup was made, and so did the row that named it."""
    AWAITED = "awaited"
    """It is yet to be put or fetched."""
    MISSING = "missing"
    """A row named it all the while, and storage had it not: the system itself had lost it."""


@dataclass(frozen=True, slots=True)
class ObjectNote:
    key: str
    state: ObjectState
    size_bytes: int | None = None
    sha256: str | None = None
    """Hex; also the name of its file."""

    @property
    def is_stored(self) -> bool:
        return self.state is ObjectState.STORED

    def file_in(self, directory: Path) -> Path:
        """By what is in it: a key, which others may have written, leads nowhere."""
        return object_file(directory, str(self.sha256))


@dataclass(frozen=True, slots=True)
class FileNote:
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    format: int
    callscribe: str
    """The version that wrote it."""
    postgres: int
    """Major version of the server, and so below of the program that dumped it."""
    pg_dump: int
    revision: str
    """Of the schema."""
    taken_at: datetime
    """By Postgres' clock. What was committed later is not in it."""
    tables: Mapping[str, TableState]
    rules: Sequence[str]
    """Row security, policies, triggers, constraints and indexes."""
    dump: FileNote
    objects: FileNote
    object_counts: Mapping[str, int]
    """By state."""
    stored_bytes: int
    erased_jobs: Sequence[str]
    """Ids of calls that were erased while the backup was made: a restore erases them again."""


_MANIFEST: Final = TypeAdapter(Manifest)
_NOTE: Final = TypeAdapter(ObjectNote)


def object_file(directory: Path, sha256: str) -> Path:
    return directory / "objects" / sha256[:2] / sha256


def note_of(path: Path) -> FileNote:
    """Reads all of it; raises `BackupDamaged` if it is not there."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return FileNote(size_bytes=file.tell(), sha256=digest)
    except OSError as error:
        raise BackupDamaged(f"{path.name} cannot be read.") from error


def line_of(note: ObjectNote) -> str:
    return json.dumps({name: value for name, value in asdict(note).items() if value is not None}) + "\n"


def object_notes(directory: Path) -> Iterator[ObjectNote]:
    """One at a time, as there may be millions."""
    with (directory / OBJECTS).open(encoding="utf-8") as lines:
        for line in lines:
            yield _NOTE.validate_json(line)


def save(manifest: Manifest, directory: Path) -> None:
    """Whole or not at all, and on disk."""
    draft = directory / f".{MANIFEST}.part"
    with open_private(draft) as file:
        file.write(_MANIFEST.dump_json(manifest, indent=2))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(directory / MANIFEST)


def load(directory: Path) -> Manifest:
    """Raises `BackupDamaged` where there is none, or none that this version understands."""
    try:
        content = (directory / MANIFEST).read_bytes()
    except OSError as error:
        raise BackupDamaged(f"There is no {MANIFEST}: this is no backup, or one that broke off.") from error
    try:
        known = json.loads(content)["format"]
        if known != FORMAT:
            raise BackupDamaged(f"A backup of format {known} is not for this version of Callscribe.")
        return _MANIFEST.validate_json(content)
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise BackupDamaged(f"{MANIFEST} cannot be understood.") from error
