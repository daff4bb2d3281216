"""A page of items becomes jobs: first what storage has to do, then one transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from core.errors import LeaseLost, PermanentError, QuotaExceeded, ServiceError, TransientError
from models.batch import Batch
from models.batch_item import BatchItem
from models.repositories import clock
from models.repositories.batch_items import BatchItemRepository
from models.repositories.jobs import JobRepository
from submission.batches.item import ItemRequest, restored
from submission.options import JobOptions
from submission.queueing import queue
from submission.recordings import taken_over
from workers.batches.audio import Audio, AudioFinder
from workers.batches.held import HeldBatch
from workers.process import Process

logger = logging.getLogger(__name__)

AT_ONCE: Final = 8
"""Items whose audio is looked for at the same time."""


class _Admitted(NamedTuple):
    wanted: list[Audio]
    """What has become a job's."""
    reason: QuotaExceeded | None
    """Why some of the page are left for later, if so."""


class Admission:
    """Of one batch, by one worker."""

    def __init__(self, process: Process, held: HeldBatch, closing: ExitStack) -> None:
        self._process = process
        self._held = held
        self._finder = AudioFinder(process, held.batch, closing)
        self._threads = closing.enter_context(ThreadPoolExecutor(AT_ONCE, "items"))

    def admit_page(self, limit: int) -> int:
        """How many items are no longer waiting.

        Raises `TransientError`, as `QuotaExceeded` after what there was room for, and `LeaseLost`.
        """
        with self._process.sessions.begin() as session:
            waiting = BatchItemRepository(session).waiting(self._held.batch.id, limit=limit)
        if not waiting:
            return 0
        found = dict(zip((item.number for item in waiting), self._found(waiting), strict=True))
        admitted = self._held.commit(lambda session, batch: self._admit(session, batch, found))
        # What was copied for items that became no jobs is nobody's.
        for audio in found.values():
            if isinstance(audio, Audio) and audio not in admitted.wanted:
                self._finder.discard(audio)
        if admitted.reason is not None:
            raise admitted.reason
        return len(waiting)

    def _found(self, items: Sequence[BatchItem]) -> list[Audio | ServiceError]:
        self._finder.look_up(items)
        return list(self._threads.map(self._audio_of, items))

    def _audio_of(self, item: BatchItem) -> Audio | ServiceError:
        self._held.beat()
        try:
            return self._finder.find(item)
        except PermanentError as error:
            return error

    def _admit(self, session: Session, batch: Batch, found: dict[int, Audio | ServiceError]) -> _Admitted:
        """Items that an earlier try of this made jobs are passed over; those beyond a quota wait."""
        items = BatchItemRepository(session).still_waiting(batch.id, found.keys())
        wanted = [audio for number, audio in found.items() if isinstance(audio, Audio)]
        for place, item in enumerate(items):
            audio = found[item.number]
            error = audio if isinstance(audio, ServiceError) else self._queue(session, batch, item, audio)
            if isinstance(error, QuotaExceeded):
                left = [found[each.number] for each in items[place:]]
                return _Admitted([audio for audio in wanted if audio not in left], error)
            if error is not None:
                item.refuse(error)
                batch.items_refused += 1
                if isinstance(audio, Audio):
                    wanted.remove(audio)
        return _Admitted(wanted, None)

    def _queue(self, session: Session, batch: Batch, item: BatchItem, audio: Audio) -> ServiceError | None:
        """Why there can be no job, or none now; then nothing of it is written."""
        attempt = session.begin_nested()
        try:
            self._make_job(session, batch, item, audio)
        except QuotaExceeded as error:
            attempt.rollback()
            return error
        except (LeaseLost, TransientError):
            raise
        except ServiceError as error:
            attempt.rollback()
            return error
        attempt.commit()
        return None

    def _make_job(self, session: Session, batch: Batch, item: BatchItem, audio: Audio) -> None:
        request = restored(str(item.custom_id), item.request)
        recording = audio.recording
        if request.upload_id is not None and audio.retry_of is None:
            recording = taken_over(session, request.upload_id, recording.size_bytes, owner_id=batch.owner_id)
        recording.filename = request.filename or recording.filename
        earlier = None
        if audio.retry_of is not None:
            earlier = JobRepository(session).locked(audio.retry_of, owner_id=batch.owner_id)
            earlier.batch_id = None
        options = self._options(session, request, is_retry=earlier is not None)
        job = queue(session, recording, options, self._process.settings, retry_of=earlier)
        job.batch_id, job.custom_id = batch.id, item.custom_id
        session.flush()
        item.admit(job.id)

    @staticmethod
    def _options(session: Session, request: ItemRequest, *, is_retry: bool) -> JobOptions:
        """As its caller gave them, but for a deadline that has passed when it is tried again."""
        options = request.options
        if is_retry and options.expires_at is not None and options.expires_at <= clock.now(session):
            return options.model_copy(update={"expires_at": None})
        return options
