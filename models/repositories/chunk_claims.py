"""Which chunks go into a device batch: claimed when the device is free, across jobs, in fair order."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Row, Select
from sqlalchemy.orm import Session

from core.errors import LeaseLost
from models.chunk import bucket_of
from models.leased_chunk import LeasedChunk
from models.repositories.claim_statements import LANES_IN_ORDER, LEASE_SUSPECT, LOOK, lease_due, lease_next
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


def visiting_order(heads: Sequence[Head], *, beside: int | None = None) -> list[Head]:
    """Live before bulk; in a lane first the bucket of the chunk that is due, then its neighbours.

    A bucket that fills the budget makes a device batch of like durations; only what the due
    bucket lacks is topped up, from the nearest durations on. `beside` is the due bucket of a claim
    that has taken from it already.
    """
    lanes = [[head for head in heads if head.lane is lane] for lane in LANES_IN_ORDER]
    first = min(next(filter(None, lanes), []), key=lambda head: (head.vft, head.bucket), default=None)
    if first is None:
        return []
    due = first.bucket if beside is None else beside
    return [
        head for lane in lanes for head in sorted(lane, key=lambda each: (abs(each.bucket - due), each.vft))
    ]


class ChunkClaims:
    """One claim: fills a device batch in the transaction that starts it."""

    model: str
    fence: int
    """The attempt of the device batch under which it runs; as its model, known once it was locked."""

    def __init__(self, session: Session, batch_id: uuid.UUID, *, worker: str, ttl: timedelta) -> None:
        self.session = session
        self.passes_over = 0
        """Lanes and buckets where chunks wait and none was taken."""
        self.is_noted = False
        """Whether all that was taken, if anything, is on the row of the device batch already."""
        self._lease = {"by": batch_id, "worker": worker, "ttl": ttl}
        self._served: dict[Lane, float] = {}
        """Smallest tag in each lane of which something was taken."""

    def take(self, budget: Budget) -> list[LeasedChunk]:
        """Lease a suspect alone, else as many chunks as fit; none if nothing waits.

        Raises `LeaseLost` if the device batch is not open, or another is about to start it.
        """
        rows = self._execute(lease_due(budget.chunks), {"audio_ms": budget.audio_ms})
        if not rows:
            raise LeaseLost
        first = rows[0]
        self.model, self.fence = first.model, first.fence
        due = [LeasedChunk._make(row[-len(LeasedChunk._fields) :]) for row in rows if row.id is not None]
        if first.suspected or (first.heads > 1 and not budget.without(due).is_spent):
            self._served = {} if first.suspected else {Lane(first.lane): first.vft}
            return self._top_up(due, budget)
        self.is_noted = True
        self.passes_over = max(0, first.heads - 1)
        return due

    def _top_up(self, due: list[LeasedChunk], budget: Budget) -> list[LeasedChunk]:
        """What is due does not fill it, or a suspect waits; then nothing else was taken."""
        heads, suspected = self._look()
        self.passes_over = len(heads)
        suspect = self._leased(LEASE_SUSPECT, {}) if suspected and not due else []
        return suspect or self._fill(due, budget, heads)

    def _look(self) -> tuple[list[Head], bool]:
        """What is next in each lane and bucket, and whether a suspect waits."""
        rows = self._execute(LOOK, {"of_model": self.model})
        heads = [Head(Lane(row.lane), row.bucket, row.vft) for row in rows if not row.suspect]
        return heads, len(heads) < len(rows)

    def _fill(self, due: Sequence[LeasedChunk], budget: Budget, heads: Sequence[Head]) -> list[LeasedChunk]:
        taken = list(due)
        beside = bucket_of(due[0].duration_ms) if due else None
        for head in visiting_order(heads, beside=beside):
            left = budget.without(taken)
            if left.is_spent:
                break
            self.passes_over -= 1
            first_tag = min(each.vft for each in heads if each.lane is head.lane)
            place = {
                "in_lane": head.lane,
                "in_bucket": head.bucket,
                "audio_ms": left.audio_ms,
                "of_queue": transcription_queue(self.model, head.lane),
                "served": self._served.setdefault(head.lane, first_tag),
            }
            taken += self._leased(lease_next(left.chunks), place)
        return taken

    def _leased(
        self, statement: Select[tuple[object, ...]], place: Mapping[str, object]
    ) -> list[LeasedChunk]:
        rows = self._execute(statement, {"of_model": self.model, **place})
        return [LeasedChunk._make(row) for row in rows]

    def _execute(
        self, statement: Select[tuple[object, ...]], place: Mapping[str, object]
    ) -> Sequence[Row[tuple[object, ...]]]:
        return self.session.connection().execute(statement, {**self._lease, **place}).all()
