"""Parts of uploads whose time is over go: they are no object yet, so nothing else lets go of them.

The sweep of storage finds such parts as well, when they are a day old, and those of which there is no row.
"""

from __future__ import annotations

import logging
from typing import Final

from core.database import SessionFactory
from core.storage import MultipartUpload, ObjectStorage
from models.repositories.uploads import UploadRepository

logger = logging.getLogger(__name__)

BATCH: Final = 100
"""Requests to storage in one step."""


def abort_uploads(sessions: SessionFactory, storage: ObjectStorage) -> bool:
    """Whether there may be more. Storage is asked while no row is locked; done twice, it does no harm."""
    with sessions.begin() as session:
        ended = UploadRepository(session).with_parts_left(limit=BATCH)
    for upload in ended:
        MultipartUpload(storage, upload.object_key, upload.multipart_id).forget()
    with sessions.begin() as session:
        UploadRepository(session).forget_parts([upload.id for upload in ended])
    if ended:
        logger.info("parts of ended uploads removed", extra={"count": len(ended)})
    return len(ended) == BATCH
