"""Uploads: where clients put large recordings themselves, past the API."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy.orm import Session

from api.acting import note
from api.resources import Resources
from api.uploads.presentation import presented
from api.uploads.schemas import MOST_PARTS, UploadCreate, UploadRead
from core.errors import PayloadTooLarge
from core.storage import MultipartUpload
from models.audit_entry import AuditAction
from models.repositories import clock
from models.repositories.uploads import UploadRepository
from models.upload import Upload


def begin(resources: Resources, request: UploadCreate, *, owner_id: uuid.UUID) -> UploadRead:
    settings = resources.settings
    limit = settings.max_upload_bytes
    if request.size_bytes is not None and request.size_bytes > limit:
        raise PayloadTooLarge(f"A recording may have {limit} bytes here.")
    upload_id = uuid.uuid4()
    upload = Upload(
        id=upload_id,
        owner_id=owner_id,
        # The key is ours to choose: nobody can aim at another's object.
        object_key=f"recordings/{owner_id}/{upload_id}",
        filename=request.filename,
        size_bytes=request.size_bytes,
        sha256=request.sha256,
    )
    if request.size_bytes is not None and request.size_bytes > settings.upload_part_bytes:
        # The store is asked first: if there is to be no row, the sweep finds what was begun.
        upload.part_bytes = part_bytes_of(request.size_bytes, wanted=settings.upload_part_bytes)
        upload.multipart_id = MultipartUpload(resources.storage, upload.object_key).upload_id
    with resources.sessions.begin() as session:
        return presented(resources, _added(session, upload, ttl=settings.upload_url_ttl), session)


def part_bytes_of(size_bytes: int, *, wanted: int) -> int:
    """As wanted, unless there would be too many."""
    return max(wanted, -(-size_bytes // MOST_PARTS))


def _added(session: Session, upload: Upload, *, ttl: timedelta) -> Upload:
    upload.expires_at = clock.now(session) + ttl
    note(session, AuditAction.UPLOAD_BEGUN, upload.id)
    return UploadRepository(session).add(upload)


def read(resources: Resources, upload_id: uuid.UUID, *, owner_id: uuid.UUID) -> UploadRead:
    with resources.sessions.begin() as session:
        return presented(resources, UploadRepository(session).get(upload_id, owner_id=owner_id), session)
