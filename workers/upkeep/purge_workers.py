"""Rows of workers that were killed go some time after their last sign of life."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from models.repositories.purges import Purges

BATCH: Final = 1_000
KEEP: Final = timedelta(days=1)
"""They count as present for a minute; the rest is for whoever looks for the dead."""


def purge_workers(session: Session, *, keep: timedelta = KEEP) -> int:
    """How many went; fewer than `BATCH` means that none is left."""
    return Purges(session).workers(keep=keep, limit=BATCH)
