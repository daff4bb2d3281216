"""An upload as its owner sees it, with addresses to send it to while there is time."""

from __future__ import annotations

import math
from datetime import timedelta

from sqlalchemy.orm import Session

from api.resources import Resources
from api.uploads.schemas import UploadForm, UploadPart, UploadRead
from core.presigned_form import presigned_form
from core.storage import ObjectStorage
from models.repositories import clock
from models.upload import Upload


def presented(resources: Resources, upload: Upload, session: Session) -> UploadRead:
    now = clock.now(session)
    shown = UploadRead(
        id=upload.id,
        status=upload.status_at(now),
        filename=upload.filename,
        size_bytes=upload.size_bytes,
        sha256=upload.sha256,
        url=None,
        expires_at=upload.expires_at,
    )
    if shown.status != "waiting":
        return shown
    # Addresses know whole seconds.
    left = timedelta(seconds=math.ceil((upload.expires_at - now).total_seconds()))
    if upload.multipart_id is not None:
        shown.parts = _parts(resources.storage, upload, upload.multipart_id, left)
        return shown
    put = resources.storage.presign_put(
        upload.object_key, expires_in=left, size_bytes=upload.size_bytes, sha256=upload.sha256
    )
    shown.url, shown.headers = put.url, put.headers
    shown.form = _form(resources, upload, left)
    return shown


def _form(resources: Resources, upload: Upload, left: timedelta) -> UploadForm:
    least, most = upload.size_bytes or 1, upload.size_bytes or resources.settings.max_upload_bytes
    form = presigned_form(
        resources.storage,
        upload.object_key,
        sizes=range(least, most + 1),
        sha256=upload.sha256,
        expires_in=left,
    )
    return UploadForm(url=form.url, fields=form.fields)


def _parts(storage: ObjectStorage, upload: Upload, multipart_id: str, left: timedelta) -> list[UploadPart]:
    return [
        UploadPart(
            number=number,
            url=storage.presign_part(
                upload.object_key, multipart_id, number, size_bytes=size_bytes, expires_in=left
            ),
            size_bytes=size_bytes,
        )
        for number, size_bytes in enumerate(upload.part_sizes, start=1)
    ]
