"""What was done so far, on disk before the next thing is done: who is killed goes on from here."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from cli.bulk.progress import Progress
from cli.bulk.records import RECORDS, Begun, Record
from core.errors import Conflict, PermanentError


class Journal:
    """Held by one process at a time. A line counts once it ends; one that a crash cut off never was."""

    def __init__(self, path: Path, *, digest: str, anew: bool = False) -> None:
        """Opens the journal of this submission, or begins it; `anew` forgets what is in it."""
        self.path = path
        self.progress = Progress()
        self._writing = threading.Lock()
        _make_folder(path.parent)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._take()
            self._read(digest, anew=anew)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with self._writing:
            os.close(self._descriptor)
            # Threads may still want to write, and the number may soon be another file's.
            self._descriptor = -1

    def note(self, *records: Record) -> None:
        """On disk when this returns. May be called by several threads."""
        lines = b"".join(RECORDS.dump_json(record) + b"\n" for record in records)
        with self._writing:
            while lines:
                lines = lines[os.write(self._descriptor, lines) :]
            os.fsync(self._descriptor)
            self._apply(records)

    def _take(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(f"Another callscribe is sending these recordings ({self.path}).") from error

    def _read(self, digest: str, *, anew: bool) -> None:
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        # Before anything is cut off: the user may have named a file of another kind.
        records = self._records(whole) if whole or not _begins(content) else []
        kept = [] if anew else records
        os.ftruncate(self._descriptor, len(whole) if kept else 0)
        self._apply(kept)
        if self.progress.digest is None:
            self.note(Begun(digest))
            _sync_folder(self.path.parent)
        elif self.progress.digest != digest:
            raise Conflict(f"{self.path} is the journal of other recordings, options or another server.")

    def _records(self, whole: bytes) -> list[Record]:
        try:
            records = [RECORDS.validate_json(line) for line in whole.splitlines()]
        except ValidationError:
            records = []
        if not records or not isinstance(records[0], Begun):
            raise PermanentError(f"{self.path} is there, and is no journal of Callscribe's.")
        return records

    def _apply(self, records: Sequence[Record]) -> None:
        for record in records:
            self.progress.apply(record)


def _begins(content: bytes) -> bool:
    """Nothing, or a first line that a crash cut off."""
    return RECORDS.dump_json(Begun("")).startswith(content[:10])


def _make_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _sync_folder(folder: Path) -> None:
    """So that the file's name outlives a crash of the machine, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
