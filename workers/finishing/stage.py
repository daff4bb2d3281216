"""The finishing stage: what was heard becomes the transcript, and the job is complete."""

from __future__ import annotations

import logging
import uuid

from sqlalchemy.orm import Session

from core.errors import LeaseLost
from models import Job, JobStage, Transcript
from models.repositories.chunks import ChunkRepository
from models.repositories.endings import Endings
from models.repositories.recordings import RecordingRepository
from models.transcript_content import from_json
from workers.finishing.assembly import assemble
from workers.process import Process
from workers.stages import held_stage

logger = logging.getLogger(__name__)


def finish_job(process: Process, job_id: uuid.UUID) -> str:
    """Returns what Flower shows."""
    try:
        with held_stage(process, job_id, JobStage.FINISHING) as held:
            held.commit(_complete)
            logger.info("job completed")
    except LeaseLost:
        return "nothing to do"
    return "completed"


def _complete(session: Session, job: Job) -> None:
    recordings = RecordingRepository(session)
    content = assemble(
        job,
        recordings.get(job.recording_id),
        recordings.channels_of(job.id),
        ChunkRepository(session).heard(job.id),
    )
    trust = from_json(content)["quality"]["trust"]
    Endings(session).complete(job, Transcript(job_id=job.id, content=content, trust=trust))
