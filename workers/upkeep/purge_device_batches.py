"""Rows of device batches that ended long ago go; chunks that were in them may stay."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from models.repositories.purges import Purges

BATCH: Final = 1_000


def purge_device_batches(session: Session, *, keep: timedelta) -> int:
    """How many went; fewer than `BATCH` means that none is left."""
    return Purges(session).device_batches(keep=keep, limit=BATCH)
