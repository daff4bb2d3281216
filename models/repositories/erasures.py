"""What is to be forgotten of a call that is over, down to the tombstone."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from sqlalchemy import delete, select
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

    def locked(self, job_ids: Iterable[uuid.UUID]) -> Sequence[tuple[Job, Recording]]:
        """But for those that others hold: nobody waits, so nobody waits in a circle."""
        query = (
            select(Job, Recording)
            .join(Recording, Recording.id == Job.recording_id)
            .where(Job.id.in_(list(job_ids)))
            .with_for_update(of=Job, skip_locked=True)
        )
        return [(row[0], row[1]) for row in self.session.execute(query)]

    def erase(self, job: Job, recording: Recording) -> None:
        """Everything that was said or that the caller wrote; ids, states and times stay.

        The job is final and its row locked; its objects are gone from storage already.
        """
        # Hypotheses go with their chunks.
        for table in (Transcript, Chunk, Channel):
            self.session.execute(delete(table).where(table.job_id == job.id))
        IdempotencyKeyRepository(self.session).forget_answers(job.id)
        job.details = {}
        job.webhook_url = None
        job.custom_id = None
        BatchItemRepository(self.session).forget(job.id)
        job.erased_at = clock.now(self.session)
        recording.filename = None
        recording.sha256 = None
        self.erase_audio(job, recording)

    def erase_audio(self, job: Job, recording: Recording) -> None:
        """That it is gone from storage; what was heard stays. Under the same conditions."""
        now = clock.now(self.session)
        job.audio_erased_at = job.audio_erased_at or now
        recording.erased_at = recording.erased_at or now
        recording.source_url = None
