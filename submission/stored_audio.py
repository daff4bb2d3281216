"""What lies in storage of a call: the recording, and what was prepared of it."""

from __future__ import annotations

import uuid

from core.storage import ObjectStorage
from submission.prepared_audio import places_of_job


def remove_audio(
    storage: ObjectStorage, *, recording_key: str, job_id: uuid.UUID, owner_id: uuid.UUID
) -> None:
    """Idempotent. Raises `StorageUnavailable`; then some may be left.

    Before any row says so: a row must never promise more than was done.
    """
    storage.delete(recording_key)
    for place in places_of_job(job_id, owner_id=owner_id):
        storage.delete_all(place)
