"""A while of one batch's admission: its source is read and its items are made jobs, in turn."""

from __future__ import annotations

import time
import uuid
from contextlib import ExitStack
from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from core.errors import LeaseLost, PermanentError, UnreadableSource
from models.batch import Batch
from models.repositories.batch_items import BatchItemRepository
from submission.batches.adding import add_items
from workers.batches.admission import Admission
from workers.batches.held import HeldBatch, held_batch
from workers.batches.sources.opening import opened
from workers.batches.sources.page import Source
from workers.process import Process

LONGEST_RUN: Final = timedelta(seconds=5)
"""How long a worker stays with one batch: recordings of others wait to be prepared meanwhile."""
PAGE: Final = 200
"""Items that are read, or made jobs, in one transaction."""


def admit_batch(process: Process, batch_id: uuid.UUID, *, longest: timedelta = LONGEST_RUN) -> str:
    """Returns what Flower shows."""
    shown = "nothing to do"
    try:
        with held_batch(process, batch_id) as held, ExitStack() as closing:
            shown = _Run(process, held, closing).run(ends_at=time.monotonic() + longest.total_seconds())
    except LeaseLost:
        pass
    return shown


class _Run:
    def __init__(self, process: Process, held: HeldBatch, closing: ExitStack) -> None:
        self.process = process
        self.held = held
        self.closing = closing
        self.source: Source | None = None
        self.is_read = held.batch.source_read

    def run(self, *, ends_at: float) -> str:
        read = admitted = 0
        admission = Admission(self.process, self.held, self.closing)
        while True:
            if not self.is_read:
                read += self._read_page()
            count = admission.admit_page(PAGE)
            admitted += count
            if self.is_read and count == 0 and self.held.commit(_end_if_done):
                break
            self.held.beat()
            if time.monotonic() >= ends_at:
                break
        return f"{read} read, {admitted} admitted"

    def _read_page(self) -> int:
        """How many items it held. A source that cannot be read is given up; what was read of it stays."""
        batch = self.held.batch
        try:
            if self.source is None:
                self.source = self.closing.enter_context(opened(self.process, batch))
            page = self.source.read(batch.source_place, limit=PAGE)
        except PermanentError as error:
            reason = error if isinstance(error, UnreadableSource) else UnreadableSource(str(error))
            self.held.commit(lambda _, row: row.give_up_source(reason))
            self.is_read = True
            return 0

        def write(session: Session, row: Batch) -> None:
            # After a COMMIT whose answer was lost it is written already.
            if row.source_place == batch.source_place:
                add_items(session, row, page.items)
                row.source_place, row.source_read = page.place, page.is_last

        self.held.commit(write)
        batch.source_place, self.is_read = page.place, page.is_last
        return len(page.items)


def _end_if_done(session: Session, batch: Batch) -> bool:
    """Whether nothing is left to admit; items may have been added meanwhile."""
    if not batch.source_read or BatchItemRepository(session).waiting(batch.id, limit=1):
        return False
    batch.finish_admission()
    return True
