"""DELETE: what a caller wanted forgotten, down to the tombstone."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.orm import Session

from models.channel import Channel
from models.chunk import Chunk
from models.job import Job
from models.recording import Recording
from models.repositories import clock
from models.repositories.batch_items import BatchItemRepository
from models.repositories.idempotency_keys import IdempotencyKeyRepository
from models.transcript import Transcript


class Erasures:
    def __init__(self, session: Session) -> None:
        self.session = session

    def erase(self, job: Job, recording: Recording) -> None:
        """Everything that was said or that the caller wrote; ids, states and times stay.

        The job is final and its row locked; its objects are gone from storage already.
        """
        # Hypotheses go with their chunks.
        for table in (Transcript, Chunk, Channel):
            self.session.execute(delete(table).where(table.job_id == job.id))
        IdempotencyKeyRepository(self.session).forget_answers(job.id)
        now = clock.now(self.session)
        job.details = {}
        job.webhook_url = None
        job.custom_id = None
        BatchItemRepository(self.session).forget(job.id)
        job.erased_at = now
        recording.filename = None
        recording.source_url = None
        recording.sha256 = None
        recording.erased_at = now
