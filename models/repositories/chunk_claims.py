"""Which chunks go into a device batch: claimed when the device is free, across jobs, in fair order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select
from sqlalchemy.orm import Session

from models.device_batch import DeviceBatch
from models.leased_chunk import LeasedChunk
from models.repositories.claim_statements import HEADS, LEASE_SUSPECT, lease_next
from models.repositories.fairness import transcription_queue
from models.states import Lane


@dataclass(frozen=True, slots=True)
class Budget:
    """What an engine takes at once."""

    audio_ms: int
    chunks: int

    def without(self, chunks: Sequence[LeasedChunk]) -> Budget:
        spent = sum(chunk.duration_ms for chunk in chunks)
        return Budget(audio_ms=self.audio_ms - spent, chunks=self.chunks - len(chunks))

    def share_used(self, chunks: Sequence[LeasedChunk]) -> float:
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
        self.model = batch.model
        self.passes_over = 0
        """Lanes and buckets where chunks wait and none was taken."""
        self._lease = {"of_model": batch.model, "by": batch.id, "ttl": ttl}

    def take(self, budget: Budget) -> list[LeasedChunk]:
        """Lease a suspect alone, else as many chunks as fit; none if nothing waits."""
        heads, suspected = self._look()
        suspect = self._leased(LEASE_SUSPECT, {}) if suspected else []
        self.passes_over = len(heads)
        return suspect or self._fill(budget, heads)

    def _look(self) -> tuple[list[Head], bool]:
        """What is next in each lane and bucket, and whether a suspect waits."""
        rows = self.session.execute(HEADS, {"of_model": self.model}).all()
        heads = [Head(row.lane, row.bucket, row.vft) for row in rows if not row.alone]
        return heads, len(heads) < len(rows)

    def _fill(self, budget: Budget, heads: Sequence[Head]) -> list[LeasedChunk]:
        taken: list[LeasedChunk] = []
        for head in visiting_order(heads):
            left = budget.without(taken)
            if left.is_spent:
                break
            self.passes_over -= 1
            served = min(each.vft for each in heads if each.lane is head.lane)
            taken += self._leased(
                lease_next(left.chunks),
                {
                    "in_lane": head.lane,
                    "in_bucket": head.bucket,
                    "audio_ms": left.audio_ms,
                    "of_queue": transcription_queue(self.model, head.lane),
                    "served": served,
                },
            )
        return taken

    def _leased(
        self, statement: Select[tuple[object, ...]], place: Mapping[str, object]
    ) -> list[LeasedChunk]:
        rows = self.session.execute(statement, {**self._lease, **place})
        return [LeasedChunk._make(row) for row in rows]
