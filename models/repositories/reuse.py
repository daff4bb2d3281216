"""Finished transcripts that will do for another job: the same owner, audio and options."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.job import Job
from models.recording import Recording
from models.repositories.endings import Endings
from models.states import JobState
from models.transcript import Transcript
from models.transcript_content import made_out_to


@dataclass(frozen=True, slots=True)
class Finished:
    """A completed job, kept from being erased until the transaction ends."""

    job: Job
    recording: Recording
    transcript: Transcript


class Reuse:
    def __init__(self, session: Session) -> None:
        self.session = session

    def find(self, job: Job, *, sha256: str) -> Finished | None:
        """The newest of the same bytes and of every option that a transcript depends on.

        One whose row is locked, as by its erasure, is passed over: nobody waits for another job here,
        so that jobs can be locked in any order.
        """
        query = (
            select(Job, Recording, Transcript)
            .join(Recording, Recording.id == Job.recording_id)
            .join(Transcript, Transcript.job_id == Job.id)
            .where(
                Recording.owner_id == job.owner_id,
                Recording.sha256 == sha256,
                Job.owner_id == job.owner_id,
                Job.state == JobState.COMPLETED,
                Job.erased_at.is_(None),
                Job.model == job.model,
                Job.language.is_not_distinct_from(job.language),
                Job.script == job.script,
                Job.roles == job.roles,
            )
            .order_by(Job.finished_at.desc())
            .limit(1)
            .with_for_update(read=True, of=Job, skip_locked=True)
        )
        row = self.session.execute(query).one_or_none()
        return None if row is None else Finished(row[0], row[1], row[2])

    def complete(self, job: Job, recording: Recording, finished: Finished) -> None:
        """With the same words, made out to this job, whose row is locked or of this transaction."""
        recording.sha256 = finished.recording.sha256
        recording.container = finished.recording.container
        recording.codec = finished.recording.codec
        recording.sample_rate = finished.recording.sample_rate
        recording.channel_count = finished.recording.channel_count
        recording.duration_ms = finished.recording.duration_ms
        content = made_out_to(job, finished.transcript.content)
        transcript = Transcript(job_id=job.id, content=content, trust=finished.transcript.trust)
        Endings(self.session).reuse(job, finished.job, transcript)
