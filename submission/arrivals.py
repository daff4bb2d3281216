"""Whether what a caller put into storage is what it announced, before anything is made of it.

Stores hold signed lengths and digests against what comes; one that does not is found out here.
"""

from __future__ import annotations

import uuid

from core.database import SessionFactory
from core.errors import ObjectMissing, PayloadTooLarge, UploadIncomplete, UploadMismatch
from core.storage import ObjectStorage
from models.repositories import clock
from models.repositories.uploads import UploadRepository
from models.upload import Upload
from submission.recordings import check_size


def arrived(sessions: SessionFactory, storage: ObjectStorage, upload: Upload, *, limit: int) -> int:
    """Bytes. Raises `UploadIncomplete`, `EmptyRecording`, or what ends the upload.

    `PayloadTooLarge` and `UploadMismatch` end it: the object goes, and a new one must be begun.
    """
    try:
        return _checked(storage, upload, limit=limit)
    except (PayloadTooLarge, UploadMismatch):
        _end(sessions, storage, upload.id, owner_id=upload.owner_id)
        raise


def _checked(storage: ObjectStorage, upload: Upload, *, limit: int) -> int:
    try:
        found = storage.head(upload.object_key)
    except ObjectMissing as error:
        raise UploadIncomplete from error
    check_size(found.size_bytes, limit=limit)
    if upload.size_bytes not in (None, found.size_bytes):
        raise UploadMismatch(f"{found.size_bytes} bytes were put there, {upload.size_bytes} were announced.")
    if upload.sha256 is None or upload.completed_at is not None:
        return found.size_bytes
    # Of what came in parts no store knows the digest of the whole.
    if (found.sha256 or storage.sha256_of(upload.object_key)) != upload.sha256:
        raise UploadMismatch("What was put there has another SHA-256 than was announced.")
    return found.size_bytes


def _end(
    sessions: SessionFactory, storage: ObjectStorage, upload_id: uuid.UUID, *, owner_id: uuid.UUID
) -> None:
    """First the row, so that nothing is taken over and then deleted."""
    with sessions.begin() as session:
        upload = UploadRepository(session).locked(upload_id, owner_id=owner_id)
        if upload.used_at is not None:
            return
        upload.end(now=clock.now(session))
    storage.delete(upload.object_key)
