"""Events of long ago go, and with them their deliveries and the log of each attempt."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from models.repositories.purges import Purges

BATCH: Final = 500


def purge_events(session: Session, *, keep: timedelta) -> int:
    """How many went; fewer than `BATCH` means that none is left."""
    return Purges(session).events(keep=keep, limit=BATCH)
