"""Which device batches were full, judged afterwards from what the database knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise

from models.repositories.chunk_claims import Budget


@dataclass(frozen=True, slots=True)
class Heard:
    """A device batch that was done."""

    worker: str
    started_at: datetime
    ended_at: datetime
    fill: float
    durations_ms: tuple[int, ...]
    """Of its chunks."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A device batch at the moment after its claim."""

    batch: Heard
    shortest_left_ms: int | None
    """The shortest chunk that waited and stayed; None if none did."""

    @property
    def had_backlog(self) -> bool:
        return self.shortest_left_ms is not None

    def is_full(self, budget: Budget) -> bool:
        """Whether no chunk that waited would have fitted in as well."""
        if self.shortest_left_ms is None:
            return True
        too_many = len(self.batch.durations_ms) >= budget.chunks
        return too_many or self.shortest_left_ms > budget.audio_ms - sum(self.batch.durations_ms)


def as_claimed(batches: Sequence[Heard]) -> list[Claimed]:
    """In the order of their claims; right only if all chunks were queued before the first of them.

    What another worker was claiming at the very moment counts as waiting, which is to our disfavour.
    """
    claimed: list[Claimed] = []
    shortest: int | None = None
    for batch in sorted(batches, key=lambda batch: batch.started_at, reverse=True):
        claimed.append(Claimed(batch, shortest))
        shortest = min((*batch.durations_ms, *([] if shortest is None else [shortest])))
    return claimed[::-1]


def gaps_ms(claimed: Sequence[Claimed]) -> list[float]:
    """What each worker let pass between two device batches while there was a backlog."""
    by_worker = sorted(claimed, key=lambda each: (each.batch.worker, each.batch.started_at))
    return [
        (after.batch.started_at - before.batch.ended_at).total_seconds() * 1000
        for _, each in groupby(by_worker, key=lambda each: each.batch.worker)
        for before, after in pairwise(each)
        if before.had_backlog
    ]
