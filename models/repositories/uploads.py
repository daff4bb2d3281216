"""SQL on uploads."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.errors import NotFound
from models.upload import Upload

_IN_PARTS: Final = (Upload.multipart_id.is_not(None), Upload.completed_at.is_(None))


class UploadRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def add(self, upload: Upload) -> Upload:
        self.session.add(upload)
        self.session.flush()
        return upload

    def get(self, upload_id: uuid.UUID, *, owner_id: uuid.UUID) -> Upload:
        """Someone else's upload is as absent as one that never was."""
        upload = self.session.get(Upload, upload_id)
        if upload is None or upload.owner_id != owner_id:
            raise NotFound(f"No upload {upload_id}.")
        return upload

    def locked(self, upload_id: uuid.UUID, *, owner_id: uuid.UUID) -> Upload:
        """Held until commit, so that two jobs cannot take the same upload over."""
        query = select(Upload).where(Upload.id == upload_id, Upload.owner_id == owner_id).with_for_update()
        upload = self.session.scalar(query)
        if upload is None:
            raise NotFound(f"No upload {upload_id}.")
        return upload

    def by_id(self, upload_ids: Iterable[uuid.UUID], *, owner_id: uuid.UUID) -> dict[uuid.UUID, Upload]:
        """Those of them that are this owner's."""
        query = select(Upload).where(Upload.id.in_(list(upload_ids)), Upload.owner_id == owner_id)
        return {upload.id: upload for upload in self.session.scalars(query)}

    def with_parts_left(self, *, limit: int) -> Sequence[Upload]:
        """Whose time is over and whose parts were never put together; the longest over first."""
        query = (
            select(Upload)
            .where(Upload.expires_at <= func.clock_timestamp(), *_IN_PARTS)
            .order_by(Upload.expires_at)
            .limit(limit)
        )
        return self.session.scalars(query).all()

    def forget_parts(self, upload_ids: Sequence[uuid.UUID]) -> None:
        """They are gone from storage."""
        ended = (Upload.id.in_(upload_ids), Upload.expires_at <= func.clock_timestamp(), *_IN_PARTS)
        self.session.execute(update(Upload).where(*ended).values(multipart_id=None))
