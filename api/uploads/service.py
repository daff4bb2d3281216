"""Uploads: where clients put large recordings themselves, past the API."""

from __future__ import annotations

import uuid

from api.acting import note
from api.resources import Resources
from api.uploads.schemas import UploadCreate, UploadRead
from models.audit_entry import AuditAction
from models.repositories import clock
from models.repositories.uploads import UploadRepository
from models.upload import Upload


def begin(resources: Resources, request: UploadCreate, *, owner_id: uuid.UUID) -> UploadRead:
    upload_id = uuid.uuid4()
    ttl = resources.settings.upload_url_ttl
    with resources.sessions.begin() as session:
        upload = Upload(
            id=upload_id,
            owner_id=owner_id,
            # The key is ours to choose: nobody can aim at another's object.
            object_key=f"recordings/{owner_id}/{upload_id}",
            filename=request.filename,
            expires_at=clock.now(session) + ttl,
        )
        UploadRepository(session).add(upload)
        note(session, AuditAction.UPLOAD_BEGUN, upload_id)
    url = resources.storage.presign_put(upload.object_key, expires_in=ttl)
    return UploadRead(id=upload.id, url=url, expires_at=upload.expires_at)
