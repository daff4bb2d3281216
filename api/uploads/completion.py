"""An upload is over: its parts are put together, and what came is held against what was announced."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from api.resources import Resources
from api.uploads.presentation import presented
from api.uploads.schemas import SentPart, UploadComplete, UploadRead
from core.errors import InvalidRequest, ObjectMissing
from core.storage import MultipartUpload
from models.repositories import clock
from models.repositories.uploads import UploadRepository
from models.upload import Upload
from submission.arrivals import arrived


def complete(
    resources: Resources, upload_id: uuid.UUID, request: UploadComplete, *, owner_id: uuid.UUID
) -> UploadRead:
    """Done again, it does nothing: an answer that was lost is answered anew."""
    with resources.sessions.begin() as session:
        upload = UploadRepository(session).get(upload_id, owner_id=owner_id)
        status = upload.status_at(clock.now(session))
        if status in {"complete", "used"}:
            return presented(resources, upload, session)
        upload.check_open(now=clock.now(session))
    etags = _etags(upload, request.parts)
    # Storage is asked between the two transactions: no row stays locked while it answers.
    if upload.multipart_id is not None:
        _put_together(resources, upload, upload.multipart_id, etags)
    arrived(resources.sessions, resources.storage, upload, limit=resources.settings.max_upload_bytes)
    with resources.sessions.begin() as session:
        upload = UploadRepository(session).locked(upload_id, owner_id=owner_id)
        upload.complete(now=clock.now(session))
        return presented(resources, upload, session)


def _etags(upload: Upload, parts: Sequence[SentPart]) -> list[str]:
    """In order. Raises `InvalidRequest` unless each part is there, once."""
    by_number = {part.number: part.etag for part in parts}
    wanted = range(1, len(upload.part_sizes) + 1)
    if len(parts) != len(wanted) or by_number.keys() != set(wanted):
        raise InvalidRequest(f"This upload has {len(wanted)} parts; each must be named once.")
    return [by_number[number] for number in wanted]


def _put_together(resources: Resources, upload: Upload, multipart_id: str, etags: Sequence[str]) -> None:
    """What another try has put together is there already; `arrived` says whether it is."""
    parts = MultipartUpload(resources.storage, upload.object_key, multipart_id)
    parts.etags = list(etags)
    try:
        parts.complete()
    except ObjectMissing:
        return
