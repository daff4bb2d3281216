"""What must be true of jobs that ended, whatever happened to those who worked on them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import func, select

from core.database import SessionFactory
from models import Chunk, ChunkState, Event, Hypothesis, Job, JobState, Transcript


def assert_complete_once(sessions: SessionFactory, jobs: Sequence[uuid.UUID]) -> None:
    """One transcript, one event and one hypothesis for each chunk; nothing of them is leased any more."""
    with sessions.begin() as session:
        ended = session.scalars(select(Job).where(Job.id.in_(jobs))).all()
        chunks = session.scalars(select(Chunk).where(Chunk.job_id.in_(jobs))).all()
        heard = session.execute(
            select(func.count()).select_from(Hypothesis).join(Chunk).where(Chunk.job_id.in_(jobs))
        ).scalar_one()
        told = [
            sorted(map(str, session.scalars(select(kind.job_id).where(kind.job_id.in_(jobs)))))
            for kind in (Transcript, Event)
        ]
    assert [(job.state, job.error_code, job.lease_expires_at) for job in ended] == [
        (JobState.COMPLETED, None, None)
    ] * len(jobs)
    assert {(chunk.state, chunk.lease_expires_at) for chunk in chunks} == {(ChunkState.DONE, None)}
    assert heard == len(chunks) == sum(job.chunks_total or 0 for job in ended)
    assert told == [sorted(map(str, jobs))] * 2
