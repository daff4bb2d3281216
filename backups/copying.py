"""Objects become files, named by their digest; what is gone meanwhile is told, not failed on."""

from __future__ import annotations

import json
import logging
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from backups import parallel
from backups.manifest import OBJECTS, ObjectNote, ObjectState, line_of, note_of
from backups.private_files import open_private, private_directory
from core.errors import ObjectMissing, StorageUnavailable
from core.storage import ObjectStorage
from models.repositories.named_objects import NamedObject

logger = logging.getLogger(__name__)

NAMED: Final = ".named.part"
PAUSES_S: Final = (1.0, 5.0, 15.0)
"""After a try that the store did not end; the last try's error is the copy's."""
SETTLED_WITHIN: Final = timedelta(seconds=10)
"""An erasure removes objects first and then says so in the row: so long that row is waited for."""
LOOK_EVERY_S: Final = 0.5

StillNamed = Callable[[Iterable[str]], set[str]]


@dataclass(slots=True)
class Tally:
    """What was copied, and what was not there to be."""

    counts: Counter[str] = field(default_factory=Counter)
    stored_bytes: int = 0
    missing: list[str] = field(default_factory=list)
    """Keys that rows name and storage has lost."""

    def add(self, note: ObjectNote) -> None:
        self.counts[note.state.value] += 1
        self.stored_bytes += note.size_bytes or 0
        if note.state is ObjectState.MISSING:
            self.missing.append(note.key)


def keep_names(named: Iterable[NamedObject], directory: Path) -> None:
    """On disk, so that the database need not hold its moment for as long as copying takes."""
    with open_private(directory / NAMED) as file:
        file.writelines(json.dumps([each.key, each.is_due]).encode() + b"\n" for each in named)


class Copying:
    """From a store to a directory that has the names of what is to come."""

    def __init__(
        self,
        storage: ObjectStorage,
        directory: Path,
        *,
        still_named: StillNamed,
        settled_within: timedelta = SETTLED_WITHIN,
    ) -> None:
        self._storage = storage
        self._settled_within = settled_within
        self._directory = directory
        self._still_named = still_named
        private_directory(directory / "objects")

    def run(self) -> Tally:
        tally = Tally()
        absent: list[ObjectNote] = []
        with open_private(self._directory / OBJECTS) as lines:
            for note in parallel.each(self._copied, _names(self._directory)):
                if note.state is ObjectState.MISSING:
                    absent.append(note)
                else:
                    tally.add(note)
                    lines.write(line_of(note).encode())
            for note in self._explained(absent):
                tally.add(note)
                lines.write(line_of(note).encode())
        (self._directory / NAMED).unlink()
        return tally

    def _copied(self, named: NamedObject) -> ObjectNote:
        draft = self._directory / "objects" / f".{uuid.uuid4().hex}.part"
        try:
            self._download(named.key, draft)
        except ObjectMissing:
            state = ObjectState.MISSING if named.is_due else ObjectState.AWAITED
            return ObjectNote(named.key, state)
        else:
            file = note_of(draft)
            note = ObjectNote(named.key, ObjectState.STORED, file.size_bytes, file.sha256)
            path = note.file_in(self._directory)
            private_directory(path.parent)
            draft.replace(path)
            return note
        finally:
            draft.unlink(missing_ok=True)

    def _download(self, key: str, draft: Path) -> None:
        for pause in (*PAUSES_S, None):
            open_private(draft).close()
            try:
                self._storage.download(key, draft, limit_bytes=sys.maxsize)
            except StorageUnavailable:
                if pause is None:
                    raise
                logger.warning("object is read again", extra={"object_key": key, "pause_s": pause})
                time.sleep(pause)
            else:
                return

    def _explained(self, absent: list[ObjectNote]) -> Iterator[ObjectNote]:
        """Erased, if no row names them any more; else the system had lost them itself."""
        unexplained = {note.key for note in absent}
        deadline = time.monotonic() + self._settled_within.total_seconds()
        while unexplained:
            unexplained = self._still_named(unexplained)
            if time.monotonic() > deadline:
                break
            time.sleep(LOOK_EVERY_S)
        for note in absent:
            yield note if note.key in unexplained else replace(note, state=ObjectState.ERASED)


def _names(directory: Path) -> Iterator[NamedObject]:
    with (directory / NAMED).open(encoding="utf-8") as lines:
        for line in lines:
            key, is_due = json.loads(line)
            yield NamedObject(key=key, is_due=is_due)
