"""How a batch ends: the only place that writes a final state, and so the only one that announces it."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from models.batch import Batch
from models.event import Event, EventType
from models.repositories import clock
from models.repositories.batches import BatchRepository, Standing
from models.repositories.events import EventRepository
from models.states import BatchState, JobState

_ANNOUNCEMENTS: Final = {
    BatchState.COMPLETED: EventType.BATCH_COMPLETED,
    BatchState.CANCELED: EventType.BATCH_CANCELED,
}


class BatchEndings:
    """Every method takes a batch whose row is locked."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def complete(self, batch: Batch) -> None:
        batch.complete(at=clock.now(self.session))
        self._announce(batch)

    def cancel(self, batch: Batch) -> None:
        batch.cancel(at=clock.now(self.session))
        self._announce(batch)

    def _announce(self, batch: Batch) -> None:
        batches = BatchRepository(self.session)
        counts = request_counts(batch, batches.standing(batch.id))
        EventRepository(self.session).announce(
            Event(
                owner_id=batch.owner_id,
                batch_id=batch.id,
                type=_ANNOUNCEMENTS[batch.state],
                payload={
                    "batch_id": str(batch.id),
                    "status": batch.state.value,
                    "request_counts": {**counts},
                },
            )
        )
        batches.notify_ended(batch)


def request_counts(batch: Batch, standing: Standing) -> dict[str, int]:
    """How many items there are, and how many of them stand where; all but `total` add up to it."""
    jobs = standing.jobs
    return {
        "total": batch.items_total,
        "refused": batch.items_refused,
        "waiting": standing.waiting,
        "queued": jobs[JobState.QUEUED],
        "processing": jobs[JobState.PROCESSING],
        "completed": jobs[JobState.COMPLETED],
        "failed": jobs[JobState.FAILED],
        "canceled": jobs[JobState.CANCELED] + standing.canceled,
        "expired": jobs[JobState.EXPIRED],
    }
