"""The finishing stage: what was heard becomes the transcript, and the job is complete."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from core.errors import LeaseLost
from models import Channel, Chunk, Hypothesis, Job, JobStage, Transcript
from models.channel_roles import roles_in_effect
from models.repositories.chunks import ChunkRepository
from models.repositories.endings import Endings
from models.repositories.recordings import RecordingRepository
from models.transcript_content import from_json
from workers.finishing.assembly import assemble
from workers.finishing.swapped_legs import find_swapped_legs
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
    channels = recordings.channels_of(job.id)
    heard = ChunkRepository(session).heard(job.id)
    _note_swapped_legs(job, channels, heard)
    content = assemble(job, recordings.get(job.recording_id), channels, heard)
    trust = from_json(content)["quality"]["trust"]
    Endings(session).complete(job, Transcript(job_id=job.id, content=content, trust=trust))


def _note_swapped_legs(
    job: Job, channels: Sequence[Channel], heard: Sequence[tuple[Chunk, Hypothesis]]
) -> None:
    """Beside what preparation found, which had no words to go by."""
    said: dict[int, list[str]] = {}
    for chunk, hypothesis in heard:
        said.setdefault(chunk.channel, []).append(hypothesis.text)
    found = find_swapped_legs(roles_in_effect(job.roles, channels), said)
    for channel in channels:
        if channel.index in found:
            channel.findings = [*(channel.findings or ()), found[channel.index]]
