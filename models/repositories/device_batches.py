"""SQL on device batches: announcing, starting, holding, committing and losing them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, bindparam, func, select, update
from sqlalchemy.orm import Session

from core.errors import LeaseLost
from models.chunk import Chunk
from models.device_batch import DeviceBatch
from models.leased_chunk import LeasedChunk
from models.repositories import clock
from models.repositories.chunk_claims import Budget, ChunkClaims
from models.repositories.chunks import ChunkRepository
from models.repositories.claim_statements import running
from models.states import ChunkState, DeviceBatchState

# Made once, as the statements of the claim before it are.
STARTED: Final = running(
    attempt=bindparam("attempt"),
    audio_ms=bindparam("audio_ms"),
    chunk_count=bindparam("chunk_count"),
    job_count=bindparam("job_count"),
    fill=bindparam("fill"),
    backlog=bindparam("backlog"),
).where(
    DeviceBatch.id == bindparam("by"),
    DeviceBatch.state.in_((DeviceBatchState.OPEN, DeviceBatchState.RUNNING)),
)


class StartedBatch(NamedTuple):
    """A device batch as whoever started it needs it: the fence to write under."""

    id: uuid.UUID
    attempt: int
    backlog: bool
    """Whether chunks were still queued after the claim."""


class DeviceBatchRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def open(self, model: str) -> DeviceBatch:
        """Announce room for work; what goes in is decided by whoever starts it."""
        batch = DeviceBatch(model=model, hinted_at=clock.now(self.session), hints=1)
        self.session.add(batch)
        self.session.flush()
        return batch

    def forget_hints(self, batch_ids: Sequence[uuid.UUID]) -> None:
        """What was announced of these never arrived."""
        self._forget(DeviceBatch.id.in_(batch_ids))

    def forget_all_hints(self) -> None:
        """What was announced and not claimed never arrived."""
        self._forget(DeviceBatch.hinted_at.is_not(None))

    def start(
        self, batch_id: uuid.UUID, *, worker: str, budget: Budget, ttl: timedelta
    ) -> tuple[StartedBatch, list[LeasedChunk]]:
        """Claim an open device batch and fill it; a stale or doubled hint is `LeaseLost`.

        If nothing could be taken it is over, and the list is empty.
        """
        claim = ChunkClaims(self.session, batch_id, worker=worker, ttl=ttl)
        chunks = claim.take(budget)
        if not chunks:
            batch = self.session.get_one(DeviceBatch, batch_id)
            batch.find_nothing(at=clock.now(self.session))
            return StartedBatch(batch_id, claim.fence, backlog=False), []
        backlog = bool(claim.passes_over or ChunkRepository(self.session).waiting(claim.model, limit=1))
        if not claim.is_noted or backlog != bool(claim.passes_over):
            held = {
                "attempt": claim.fence,
                "audio_ms": sum(chunk.duration_ms for chunk in chunks),
                "chunk_count": len(chunks),
                "job_count": len({chunk.job_id for chunk in chunks}),
                "fill": budget.share_used(chunks),
                "backlog": backlog,
            }
            lease = {"by": batch_id, "worker": worker, "ttl": ttl}
            self.session.connection().execute(STARTED, {**lease, **held})
        return StartedBatch(batch_id, claim.fence, backlog), chunks

    def renew(self, batch_id: uuid.UUID, *, attempt: int, ttl: timedelta) -> None:
        """Keep the lease of a device batch and of its chunks, or learn by `LeaseLost` that it is gone."""
        until = func.clock_timestamp() + ttl
        running = (
            update(DeviceBatch)
            .where(*self._is_held(batch_id, attempt))
            .values(lease_expires_at=until)
            .returning(DeviceBatch.id)
        )
        if self.session.execute(running).scalar() is None:
            raise LeaseLost
        self.session.execute(
            update(Chunk)
            .where(Chunk.device_batch_id == batch_id, Chunk.state == ChunkState.LEASED)
            .values(lease_expires_at=until)
        )

    def held(self, batch_id: uuid.UUID, *, attempt: int) -> DeviceBatch:
        """The row locked for its final write, if this attempt still owns it."""
        query = select(DeviceBatch).where(*self._is_held(batch_id, attempt)).with_for_update()
        batch = self.session.scalar(query)
        if batch is None:
            raise LeaseLost
        return batch

    def expired(self, *, limit: int) -> Sequence[DeviceBatch]:
        query = (
            select(DeviceBatch)
            .where(
                DeviceBatch.state == DeviceBatchState.RUNNING,
                DeviceBatch.lease_expires_at < func.clock_timestamp(),
            )
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return self.session.scalars(query).all()

    def _forget(self, which: ColumnElement[bool]) -> None:
        query = update(DeviceBatch).where(which, DeviceBatch.state == DeviceBatchState.OPEN)
        self.session.execute(
            query.values(hinted_at=None, hints=0).execution_options(synchronize_session=False)
        )

    @staticmethod
    def _is_held(batch_id: uuid.UUID, attempt: int) -> tuple[ColumnElement[bool], ...]:
        return (
            DeviceBatch.id == batch_id,
            DeviceBatch.attempt == attempt,
            DeviceBatch.state == DeviceBatchState.RUNNING,
        )
