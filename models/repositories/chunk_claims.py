"""Which chunks go into a device batch: claimed when the device is free, across jobs, in fair order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import CTE, ColumnElement, func, select, union_all, update
from sqlalchemy.orm import Session

from models.chunk import BUCKETS, Chunk
from models.device_batch import DeviceBatch
from models.job import Job
from models.repositories.fairness import FairnessRepository, transcription_queue
from models.states import ChunkState, Lane


@dataclass(frozen=True, slots=True)
class Budget:
    """What an engine takes at once."""

    audio_ms: int
    chunks: int

    def without(self, chunks: Sequence[Chunk]) -> Budget:
        spent = sum(chunk.duration_ms for chunk in chunks)
        return Budget(audio_ms=self.audio_ms - spent, chunks=self.chunks - len(chunks))

    def share_used(self, chunks: Sequence[Chunk]) -> float:
        """How full the device batch is, by whichever limit is nearer; 0 to 1."""
        left = self.without(chunks)
        return max(1 - left.audio_ms / self.audio_ms, 1 - left.chunks / self.chunks)

    @property
    def is_spent(self) -> bool:
        return self.chunks <= 0 or self.audio_ms <= 0


@dataclass(frozen=True, slots=True)
class Head:
    """The chunk that is next in one lane and duration bucket."""

    lane: Lane
    bucket: int
    vft: float


def visiting_order(heads: Sequence[Head]) -> list[Head]:
    """Live before bulk; in a lane first the bucket of the chunk that is due, then its neighbours.

    A bucket that fills the budget makes a device batch of like durations; only what the due
    bucket lacks is topped up, from the nearest durations on.
    """
    order: list[Head] = []
    for lane in (Lane.LIVE, Lane.BULK):
        waiting = [head for head in heads if head.lane is lane]
        if not waiting:
            continue
        due = order[0] if order else min(waiting, key=lambda head: head.vft)
        order += sorted(waiting, key=lambda head: (abs(head.bucket - due.bucket), head.vft))
    return order


class ChunkClaims:
    """One claim: made for a running device batch inside the transaction that started it."""

    def __init__(self, session: Session, batch: DeviceBatch, *, ttl: timedelta) -> None:
        self.session = session
        self.batch = batch
        self.ttl = ttl

    def take(self, budget: Budget) -> list[Chunk]:
        """Lease a suspect alone, else as many chunks as fit; none if nothing waits."""
        suspect = self._take_suspect()
        if suspect:
            return suspect
        taken: list[Chunk] = []
        for head in visiting_order(self._heads()):
            left = budget.without(taken)
            if left.is_spent:
                break
            taken += self._take_from(head, left)
        self._note_start(taken)
        return taken

    def _take_suspect(self) -> list[Chunk]:
        query = (
            select(Chunk.id)
            .where(Chunk.model == self.batch.model, Chunk.state == ChunkState.QUEUED, Chunk.alone)
            .order_by(Chunk.id)
            .limit(1)
            .with_for_update(skip_locked=True)
            # A CTE is read once; a subquery may be read again for each row and then locks more.
            .cte("suspect")
        )
        return self._lease(query)

    def _heads(self) -> list[Head]:
        """One index probe for each lane and bucket."""
        probes = [
            select(Chunk.lane, Chunk.bucket, Chunk.vft)
            .where(*self._queued(lane, bucket))
            .order_by(Chunk.vft, Chunk.id)
            .limit(1)
            .subquery()
            for lane in Lane
            for bucket in BUCKETS
        ]
        rows = self.session.execute(union_all(*(select(probe) for probe in probes)))
        return [Head(lane=Lane(row.lane), bucket=row.bucket, vft=row.vft) for row in rows]

    def _take_from(self, head: Head, budget: Budget) -> list[Chunk]:
        first = (
            select(Chunk.id, Chunk.vft, (Chunk.end_ms - Chunk.start_ms).label("ms"))
            .where(*self._queued(head.lane, head.bucket))
            .order_by(Chunk.vft, Chunk.id)
            .limit(budget.chunks)
            .with_for_update(skip_locked=True)
            .cte("first")
        )
        running = func.sum(first.c.ms).over(order_by=(first.c.vft, first.c.id)).label("upto")
        summed = select(first.c.id, running).subquery()
        return self._lease(select(summed.c.id).where(summed.c.upto <= budget.audio_ms).cte("chosen"))

    def _queued(self, lane: Lane, bucket: int) -> tuple[ColumnElement[bool], ...]:
        return (
            Chunk.model == self.batch.model,
            Chunk.lane == lane,
            Chunk.bucket == bucket,
            Chunk.state == ChunkState.QUEUED,
            ~Chunk.alone,
        )

    def _lease(self, chosen: CTE) -> list[Chunk]:
        query = (
            update(Chunk)
            .where(Chunk.id == chosen.c.id, Chunk.state == ChunkState.QUEUED)
            .values(
                state=ChunkState.LEASED,
                attempt=Chunk.attempt + 1,
                device_batch_id=self.batch.id,
                lease_expires_at=func.clock_timestamp() + self.ttl,
            )
            .returning(Chunk)
            .execution_options(synchronize_session=False)
        )
        return list(self.session.scalars(query))

    def _note_start(self, chunks: Sequence[Chunk]) -> None:
        """Move the fair clocks, and say on each job that a device has begun with it."""
        fairness = FairnessRepository(self.session)
        for lane in sorted({chunk.lane for chunk in chunks}):
            served = min(chunk.vft for chunk in chunks if chunk.lane is lane)
            fairness.advance(transcription_queue(self.batch.model, lane), served)
        # Skipping locked rows: a claim never waits, and another chunk of the job will note it too.
        fresh = (
            select(Job.id)
            .where(Job.id.in_({chunk.job_id for chunk in chunks}), Job.recognizing_at.is_(None))
            .with_for_update(skip_locked=True)
            .cte("fresh")
        )
        self.session.execute(
            update(Job)
            .where(Job.id == fresh.c.id)
            .values(recognizing_at=func.clock_timestamp())
            .execution_options(synchronize_session=False)
        )
