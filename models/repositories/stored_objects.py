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

# Which rows name an object: the one place that says so, for the sweep of storage and for backups.
RECORDINGS: Final = select(Recording.object_key).where(Recording.erased_at.is_(None))
CHANNELS: Final = (
    select(Channel.object_key).join(Job, Job.id == Channel.job_id).where(Job.audio_erased_at.is_(None))
)
UPLOADS: Final = select(Upload.object_key).where(Upload.used_at.is_(None))
SOURCES: Final = select(Batch.source_key).where(Batch.to_admit, Batch.source_key.is_not(None))


class StoredObjects:
    def __init__(self, session: Session) -> None:
        self.session = session

    def wanted(self, keys: Sequence[str], *, grace: timedelta) -> set[str]:
        """What a recording, a prepared channel or a batch refers to, or an upload that may become a job.

        An upload counts for some time after its end: a job may just be taking it over.
        """
        recordings = RECORDINGS.where(Recording.object_key.in_(keys))
        uploads = UPLOADS.where(
            Upload.object_key.in_(keys), Upload.expires_at > func.clock_timestamp() - grace
        )
        sources = SOURCES.where(Batch.source_key.in_(keys))
        channels = CHANNELS.where(Channel.job_id.in_(list(_jobs_of(keys))))
        return set(self.session.scalars(union_all(recordings, uploads, sources, channels)))


def _jobs_of(keys: Iterable[str]) -> set[uuid.UUID]:
    """Whose prepared audio may be among them: `prepared/{owner id}/{job id}/...`, once without the owner."""
    found = set()
    for part in {part for key in keys for part in key.split("/")[1:3]}:
        with suppress(ValueError):
            found.add(uuid.UUID(part))
    return found
