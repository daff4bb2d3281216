"""SQL on chunks: queueing, counting, and ending them. Claiming is in chunk_claims.py."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Integer, and_, cast, func, literal, or_, select, tuple_, update
from sqlalchemy.orm import Session

from models.chunk import Chunk, bucket_of
from models.device_batch import DeviceBatch
from models.hypothesis import Hypothesis
from models.job import Job
from models.leased_chunk import LeasedChunk
from models.repositories import notices
from models.repositories.fairness import FairnessRepository, transcription_queue
from models.states import ChunkState

UNHEARD: Final = (ChunkState.QUEUED, ChunkState.LEASED)


class ChunkRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def queue(self, job: Job, chunks: Sequence[Chunk]) -> None:
        """Put a job's chunks in its owner's fair place."""
        tags = FairnessRepository(self.session).tags(
            transcription_queue(job.model, job.lane),
            owner_id=job.owner_id,
            costs=[chunk.duration_ms / 1000 for chunk in chunks],
        )
        for chunk, vft in zip(chunks, tags, strict=True):
            chunk.job_id = job.id
            chunk.model = job.model
            chunk.language = job.language
            chunk.lane = job.lane
            chunk.bucket = bucket_of(chunk.duration_ms)
            chunk.vft = vft
        self.session.add_all(chunks)
        self.session.flush()
        notices.work_is_waiting(self.session)

    def waiting(self, model: str, *, limit: int) -> int:
        """How many chunks wait for company on a device, counted up to `limit`."""
        head = (
            select(Chunk.id)
            .where(Chunk.model == model, Chunk.state == ChunkState.QUEUED, ~Chunk.alone)
            .limit(limit)
            .subquery()
        )
        return self.session.execute(select(func.count()).select_from(head)).scalar_one()

    def abandon(self, job_id: uuid.UUID) -> None:
        """The job ended without them: whoever still hears one will find its lease gone."""
        self.session.execute(
            update(Chunk)
            .where(Chunk.job_id == job_id, Chunk.state.in_(UNHEARD))
            .values(state=ChunkState.CANCELED, lease_expires_at=None)
        )

    def store(self, batch: DeviceBatch, hypotheses: Sequence[Hypothesis]) -> list[uuid.UUID]:
        """Write what was heard, each only under the lease it was heard in.

        Returns the job of every hypothesis that was still wanted. The others came late: their
        chunk has passed to another attempt or was canceled, and nothing of them is written.
        """
        wanted = self.session.execute(
            update(Chunk)
            .where(
                tuple_(Chunk.id, Chunk.attempt).in_([(each.chunk_id, each.attempt) for each in hypotheses]),
                Chunk.state == ChunkState.LEASED,
                Chunk.device_batch_id == batch.id,
            )
            .values(state=ChunkState.DONE, lease_expires_at=None)
            .returning(Chunk.id, Chunk.job_id)
            .execution_options(synchronize_session=False)
        ).all()
        ids = {row.id for row in wanted}
        self.session.add_all(each for each in hypotheses if each.chunk_id in ids)
        self.session.flush()
        return [row.job_id for row in wanted]

    def jobs_in(self, batch: DeviceBatch) -> Sequence[uuid.UUID]:
        """Whose chunks a running device batch holds."""
        query = select(Chunk.job_id).where(
            Chunk.device_batch_id == batch.id, Chunk.state == ChunkState.LEASED
        )
        return self.session.scalars(query.distinct()).all()

    def give_back(self, batch: DeviceBatch, *, suspect: bool) -> list[Chunk]:
        """Queue again what a device batch still holds; suspects will be claimed alone.

        A crash counts against a chunk that was claimed as a suspect: no other has been in the engine
        by itself for sure, for device batches overlap.
        """
        query = (
            update(Chunk)
            .where(Chunk.device_batch_id == batch.id, Chunk.state == ChunkState.LEASED)
            .values(
                state=ChunkState.QUEUED,
                lease_expires_at=None,
                alone=or_(Chunk.alone, literal(suspect)),
                crash_count=Chunk.crash_count + cast(and_(Chunk.alone, literal(suspect)), Integer),
            )
            .returning(Chunk)
            .execution_options(synchronize_session=False)
        )
        chunks = list(self.session.scalars(query))
        notices.work_is_waiting(self.session)
        return chunks

    def condemn(self, chunk: Chunk | LeasedChunk) -> None:
        """No worker is to touch this chunk again; its job is failed by the caller."""
        query = update(Chunk).where(Chunk.id == chunk.id, Chunk.state.in_(UNHEARD))
        self.session.execute(query.values(state=ChunkState.FAILED, lease_expires_at=None))

    def heard(self, job_id: uuid.UUID) -> Sequence[tuple[Chunk, Hypothesis]]:
        """All chunks of a job with what was heard in them, by channel and time."""
        query = (
            select(Chunk, Hypothesis)
            .join(Hypothesis, Hypothesis.chunk_id == Chunk.id)
            .where(Chunk.job_id == job_id)
            .order_by(Chunk.channel, Chunk.index)
        )
        return [(row[0], row[1]) for row in self.session.execute(query)]
