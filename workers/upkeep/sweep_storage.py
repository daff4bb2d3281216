"""Objects that no row refers to go, and parts of uploads that were never finished.

They are what an API left that was killed between storing a recording and its COMMIT, what was put
at a presigned address and never made a job, prepared audio of attempts that were lost, and what
was written while its job was being erased. Young ones stay: their COMMIT may be on its way.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from core.database import SessionFactory
from core.storage import ObjectStorage, StoredObject
from models.repositories import clock
from models.repositories.stored_objects import PREFIXES, StoredObjects

logger = logging.getLogger(__name__)

PAGE: Final = 1_000


class StorageSweep:
    """Goes through storage a page at a time, and from where it was when a dependency is back."""

    def __init__(
        self, sessions: SessionFactory, storage: ObjectStorage, *, grace: timedelta, page: int = PAGE
    ) -> None:
        """What is younger than `grace` is left alone; it must outlast the longest upload."""
        self._sessions = sessions
        self._storage = storage
        self._grace = grace
        self._page = page
        self._left: tuple[str, ...] = PREFIXES
        self._after = ""
        self._seen = 0
        self._removed = 0

    def step(self) -> bool:
        """One page. False when everything has been looked at; the next step begins anew.

        Raises `StorageUnavailable` and `DatabaseUnavailable`; then the same page is the next one again.
        """
        prefix = self._left[0]
        page = self._storage.page(prefix, after=self._after, limit=self._page)
        self._remove(page.objects)
        if page.objects and not page.is_last:
            self._after = page.objects[-1].key
            return True
        self._abort_unfinished(prefix)
        self._left, self._after = self._left[1:], ""
        if self._left:
            return True
        logger.info("storage swept", extra={"objects": self._seen, "removed": self._removed})
        self._left, self._seen, self._removed = PREFIXES, 0, 0
        return False

    def _remove(self, objects: Sequence[StoredObject]) -> None:
        with self._sessions.begin() as session:
            oldest_wanted = clock.now(session) - self._grace
            old = [each.key for each in objects if each.modified_at < oldest_wanted]
            wanted = StoredObjects(session).wanted(old, grace=self._grace) if old else set()
        unwanted = [key for key in old if key not in wanted]
        if unwanted:
            self._storage.delete_many(unwanted)
            logger.warning("unwanted objects removed", extra={"count": len(unwanted), "first": unwanted[0]})
        self._seen += len(objects)
        self._removed += len(unwanted)

    def _abort_unfinished(self, prefix: str) -> None:
        """Those of this sweep's first look; what is hidden behind a thousand others comes next time."""
        with self._sessions.begin() as session:
            oldest_wanted = clock.now(session) - self._grace
        for upload in self._storage.unfinished(prefix):
            if upload.begun_at < oldest_wanted:
                self._storage.abort(upload)
                logger.warning("unfinished upload removed", extra={"object_key": upload.key})


def sweep_storage(sessions: SessionFactory, storage: ObjectStorage, *, grace: timedelta) -> None:
    """Once through everything."""
    sweep = StorageSweep(sessions, storage, grace=grace)
    while sweep.step():
        pass
