"""How a job ends: the only place that writes a final state, and so the only one that announces it."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from core.errors import ServiceError, WorkerLost
from models.base import JsonObject
from models.event import Event, EventType
from models.job import CRASH_LIMIT, Job
from models.repositories import clock, notices
from models.repositories.chunks import ChunkRepository
from models.repositories.events import EventRepository
from models.repositories.transcripts import TranscriptRepository
from models.states import JobState
from models.transcript import Transcript

_ANNOUNCEMENTS: Final = {
    JobState.COMPLETED: EventType.JOB_COMPLETED,
    JobState.FAILED: EventType.JOB_FAILED,
    JobState.CANCELED: EventType.JOB_CANCELED,
    JobState.EXPIRED: EventType.JOB_EXPIRED,
}


class Endings:
    """Every method takes a job whose row is locked."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def complete(self, job: Job, transcript: Transcript) -> None:
        job.complete(at=clock.now(self.session))
        TranscriptRepository(self.session).add(transcript)
        self._announce(job)

    def fail(self, job: Job, error: ServiceError) -> None:
        job.fail(code=error.code, message=str(error), at=clock.now(self.session))
        ChunkRepository(self.session).abandon(job.id)
        self._announce(job)

    def cancel(self, job: Job) -> None:
        job.cancel(at=clock.now(self.session))
        ChunkRepository(self.session).abandon(job.id)
        self._announce(job)

    def reuse(self, job: Job, source: Job, transcript: Transcript) -> None:
        """Complete it with another job's transcript, made out to this one."""
        job.reuse(source, at=clock.now(self.session))
        TranscriptRepository(self.session).add(transcript)
        self._announce(job)

    def expire(self, job: Job) -> None:
        job.expire(at=clock.now(self.session))
        ChunkRepository(self.session).abandon(job.id)
        self._announce(job)

    def survive_crash(self, job: Job) -> None:
        """The worker fell silent or broke: the stage may be claimed again, but not for ever."""
        job.crash()
        if job.crash_count >= CRASH_LIMIT:
            self.fail(job, WorkerLost())
        else:
            notices.work_is_waiting(self.session)

    def _announce(self, job: Job) -> None:
        EventRepository(self.session).announce(
            Event(
                owner_id=job.owner_id,
                job_id=job.id,
                batch_id=job.batch_id,
                type=_ANNOUNCEMENTS[job.state],
                payload={
                    "job_id": str(job.id),
                    "status": job.state.value,
                    "error_code": job.error_code,
                    **_place_in_batch(job),
                },
            ),
            own_endpoint=job.webhook_endpoint_id,
            own_url=job.webhook_url,
        )
        notices.job_ended(self.session, job.id)


def _place_in_batch(job: Job) -> JsonObject:
    return {} if job.batch_id is None else {"batch_id": str(job.batch_id)}
