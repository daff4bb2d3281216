"""What the workers and the dispatcher do, without them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from client import Client
from core.database import SessionFactory
from models import JobStage, Transcript
from models.repositories import clock
from models.repositories.endings import Endings
from models.repositories.jobs import JobRepository
from models.transcript_content import as_json
from tests.integration.batches.conftest import admitted, tend
from tests.unit.finishing.calls import Said, transcript_of
from workers.process import Process


@dataclass(frozen=True)
class Crew:
    client: Client
    process: Process

    def work(self) -> int:
        """Everything that waits; how many jobs were completed."""
        for batch in self.client.batches.newest():
            if not batch.is_final:
                admitted(self.process, batch.id)
        waiting = list(self.client.jobs(status=["queued"]))
        for job in waiting:
            complete(self.process.sessions, job.id)
        tend(self.process.sessions)
        return len(waiting)


def complete(sessions: SessionFactory, job_id: uuid.UUID) -> None:
    content = transcript_of(Said(0, 0, 900, "Hello."), Said(1, 900, 1_800, "您好。"), roles={"0": "agent"})
    ttl = timedelta(minutes=1)
    with sessions.begin() as session:
        row = JobRepository(session).claim(job_id, JobStage.PREPARING, ttl=ttl)
        row.advance(JobStage.FINISHING, at=clock.now(session))
        session.flush()
        row = JobRepository(session).claim(job_id, JobStage.FINISHING, ttl=ttl)
        Endings(session).complete(row, Transcript(job_id=job_id, content=as_json(content)))
