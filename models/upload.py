"""A place in object storage that a client was allowed to put one recording in."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal, TypeAlias

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.errors import Conflict, Gone, UploadIncomplete
from models.base import Record

UploadStatus: TypeAlias = Literal["waiting", "complete", "used", "expired"]


class Upload(Record):
    __tablename__ = "uploads"
    __table_args__ = (
        # Finds those whose parts are to be removed.
        Index(
            "ix_uploads_in_parts",
            "expires_at",
            postgresql_where=text("multipart_id IS NOT NULL AND completed_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("owners.id"), index=True)
    object_key: Mapped[str]
    filename: Mapped[str | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    """After this the presigned URL no longer works and the object may be swept."""
    used_at: Mapped[datetime | None]
    """When a job took it over."""
    size_bytes: Mapped[int | None]
    """As it was announced, and so its digest in hex; what comes must be so."""
    sha256: Mapped[str | None]
    multipart_id: Mapped[str | None]
    """The store's, of one that is sent in parts."""
    part_bytes: Mapped[int | None]
    """Of each part but the last one."""
    completed_at: Mapped[datetime | None]
    """When it was found to be as announced. What is sent in one piece is looked at when it is used."""

    @property
    def part_sizes(self) -> list[int]:
        """In bytes, in order; none of what is sent in one piece."""
        if self.part_bytes is None or self.size_bytes is None:
            return []
        whole, rest = divmod(self.size_bytes, self.part_bytes)
        return [self.part_bytes] * whole + [rest] * (rest > 0)

    def status_at(self, now: datetime) -> UploadStatus:
        if self.used_at is not None:
            return "used"
        if self.expires_at <= now:
            return "expired"
        return "waiting" if self.completed_at is None else "complete"

    def check_usable(self, *, now: datetime) -> None:
        """`Conflict` if a job has it already, `Gone` if its time is over, `UploadIncomplete` in parts."""
        if self.used_at is not None:
            raise Conflict("This upload belongs to a job already.")
        self.check_open(now=now)
        if self.multipart_id is not None and self.completed_at is None:
            raise UploadIncomplete("The parts of this upload have not been put together yet.")

    def check_open(self, *, now: datetime) -> None:
        if self.expires_at <= now:
            raise Gone("This upload has expired; begin a new one.")

    def complete(self, *, now: datetime) -> None:
        """What came is as it was announced. One that was used or completed meanwhile stays as it is."""
        if self.used_at is None and self.completed_at is None:
            self.check_open(now=now)
            self.completed_at = now

    def end(self, *, now: datetime) -> None:
        """Nothing can become of it any more."""
        self.expires_at = min(self.expires_at, now)

    def use(self, *, now: datetime) -> None:
        """A job takes it over. What the caller called the file is the recording's matter from now on."""
        self.check_usable(now=now)
        self.used_at = now
        self.filename = None
