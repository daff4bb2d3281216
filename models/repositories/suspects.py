"""A device batch broke: its chunks run again alone, and one that breaks two workers alone is condemned."""

from __future__ import annotations

from sqlalchemy.orm import Session

from core.errors import ServiceError, WorkerLost
from models.chunk import LONE_CRASH_LIMIT, Chunk
from models.device_batch import DeviceBatch
from models.leased_chunk import LeasedChunk
from models.repositories import clock
from models.repositories.chunks import ChunkRepository
from models.repositories.endings import Endings
from models.repositories.jobs import JobRepository


class Suspects:
    """Every method takes a running device batch whose row is locked."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def lose(self, batch: DeviceBatch) -> None:
        """Its worker fell silent or broke; any of the chunks may be what broke it."""
        chunks = ChunkRepository(self.session)
        # Jobs before chunks, as everywhere.
        JobRepository(self.session).locked_all(chunks.jobs_in(batch))
        returned = chunks.give_back(batch, suspect=True)
        batch.lose(at=clock.now(self.session))
        for chunk in returned:
            if chunk.crash_count >= LONE_CRASH_LIMIT:
                self.condemn(chunk, WorkerLost())

    def hand_back(self, batch: DeviceBatch) -> None:
        """A dependency was away: nobody is suspected."""
        ChunkRepository(self.session).give_back(batch, suspect=False)
        batch.lose(at=clock.now(self.session))

    def condemn(self, chunk: Chunk | LeasedChunk, error: ServiceError) -> None:
        """End the job of a chunk that can never be heard; its other chunks are abandoned."""
        job = JobRepository(self.session).locked(chunk.job_id)
        if job.is_final:
            return
        ChunkRepository(self.session).condemn(chunk)
        Endings(self.session).fail(job, error)
