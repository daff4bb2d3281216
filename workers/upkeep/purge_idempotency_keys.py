"""Idempotency keys whose time is over go; requests under them are new ones already."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from models.repositories.purges import Purges

BATCH: Final = 1_000


def purge_idempotency_keys(session: Session) -> int:
    """How many went; fewer than `BATCH` means that none is left."""
    return Purges(session).idempotency_keys(limit=BATCH)
