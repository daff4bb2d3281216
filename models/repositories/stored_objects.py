"""Which objects in storage are wanted, as the rows say."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final

from sqlalchemy import func, select, union_all
from sqlalchemy.orm import Session

from models.batch import Batch
from models.channel import Channel
from models.job import Job
from models.recording import Recording
from models.upload import Upload

PREFIXES: Final = ("recordings/", "prepared/")
"""Where all of ours lie; what else is in the bucket is none of our business."""


class StoredObjects:
    def __init__(self, session: Session) -> None:
        self.session = session

    def wanted(self, keys: Sequence[str], *, grace: timedelta) -> set[str]:
        """What a recording, a prepared channel or a batch refers to, or an upload that may become a job.

        An upload counts for some time after its end: a job may just be taking it over.
        """
        recordings = select(Recording.object_key).where(
            Recording.object_key.in_(keys), Recording.erased_at.is_(None)
        )
        uploads = select(Upload.object_key).where(
            Upload.object_key.in_(keys),
            Upload.used_at.is_(None),
            Upload.expires_at > func.clock_timestamp() - grace,
        )
        sources = select(Batch.source_key).where(Batch.source_key.in_(keys), Batch.to_admit)
        channels = (
            select(Channel.object_key)
            .join(Job, Job.id == Channel.job_id)
            .where(Channel.job_id.in_(list(_jobs_of(keys))), Job.audio_erased_at.is_(None))
        )
        return set(self.session.scalars(union_all(recordings, uploads, sources, channels)))


def _jobs_of(keys: Iterable[str]) -> set[uuid.UUID]:
    """Whose prepared audio may be among them: `prepared/{owner id}/{job id}/...`, once without the owner."""
    found = set()
    for part in {part for key in keys for part in key.split("/")[1:3]}:
        with suppress(ValueError):
            found.add(uuid.UUID(part))
    return found
