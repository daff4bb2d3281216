"""Writing what was heard: each hypothesis under its fence, and the job moved on with its last chunk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy.orm import Session

from models import DeviceBatch, Hypothesis, JobStage
from models.repositories import clock, notices
from models.repositories.chunks import ChunkRepository
from models.repositories.jobs import JobRepository


def commit_hypotheses(session: Session, batch: DeviceBatch, hypotheses: Sequence[Hypothesis]) -> None:
    """End a running device batch, whose row is locked. What came late is counted and dropped."""
    chunks = ChunkRepository(session)
    # Jobs before chunks, as everywhere.
    jobs = JobRepository(session).locked_all(chunks.jobs_in(batch))
    wanted = chunks.store(batch, hypotheses)
    now = clock.now(session)
    for job_id, count in Counter(wanted).items():
        job = jobs[job_id]
        job.chunks_done += count
        if job.chunks_done == job.chunks_total:
            job.advance(JobStage.FINISHING, at=now)
    batch.finish(late_count=len(hypotheses) - len(wanted), at=now)
    notices.work_is_waiting(session)
