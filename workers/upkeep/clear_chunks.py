"""Chunks and hypotheses of jobs that ended some days ago go: the transcript has what callers see of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from models.repositories.purges import Purges

BATCH: Final = 25
"""Jobs; a long call has hundreds of chunks."""


def clear_chunks(session: Session, *, keep: timedelta) -> int:
    """How many jobs were cleared; fewer than `BATCH` means that none is left."""
    return Purges(session).chunks(keep=keep, limit=BATCH)
