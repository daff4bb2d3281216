"""Where a job's prepared channels lie in storage, under its owner's name."""

from __future__ import annotations

import uuid
from typing import Final

from models.job import Job

PREPARED: Final = "prepared"


def place_of_channel(job: Job, index: int) -> str:
    """The key of one channel. Each attempt has keys of its own: what a lost one wrote is never read."""
    return f"{PREPARED}/{job.owner_id}/{job.id}/{job.attempt}/{index}.flac"


def places_of_job(job_id: uuid.UUID, *, owner_id: uuid.UUID) -> tuple[str, str]:
    """Prefixes of all that may lie there; the second is where earlier versions put it."""
    return f"{PREPARED}/{owner_id}/{job_id}/", f"{PREPARED}/{job_id}/"
