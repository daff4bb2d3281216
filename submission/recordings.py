"""Where a recording lies in storage, and how one that a caller put there is taken over."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from core.errors import EmptyRecording, PayloadTooLarge
from models.recording import Recording
from models.repositories import clock
from models.repositories.uploads import UploadRepository


def place_of(recording: Recording) -> str:
    """The key of its object. Each has one of its own: deleting a job touches no other."""
    return f"recordings/{recording.owner_id}/{recording.id}"


def check_size(size_bytes: int, *, limit: int) -> None:
    if size_bytes == 0:
        raise EmptyRecording
    if size_bytes > limit:
        raise PayloadTooLarge


def taken_over(session: Session, upload_id: uuid.UUID, size_bytes: int, *, owner_id: uuid.UUID) -> Recording:
    """The recording that an upload becomes: once, whoever else asks. Not added yet."""
    upload = UploadRepository(session).locked(upload_id, owner_id=owner_id)
    upload_name = upload.filename
    upload.use(now=clock.now(session))
    return Recording(
        owner_id=owner_id, object_key=upload.object_key, filename=upload_name, size_bytes=size_bytes
    )
