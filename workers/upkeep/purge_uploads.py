"""Rows of uploads that ended long ago go; their objects are the sweep's matter."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from models.repositories.purges import Purges

BATCH: Final = 1_000


def purge_uploads(session: Session, *, keep: timedelta) -> int:
    """How many went; fewer than `BATCH` means that none is left."""
    return Purges(session).uploads(keep=keep, limit=BATCH)
