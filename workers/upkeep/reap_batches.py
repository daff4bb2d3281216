"""Batches whose worker fell silent can be admitted further by another."""

from __future__ import annotations

import logging
from typing import Final

from sqlalchemy.orm import Session

from models.repositories.batches import BatchRepository
from workers.batches.poison import survive_crash

logger = logging.getLogger(__name__)

BATCH: Final = 100


def reap_batches(session: Session) -> int:
    """How many were reaped; fewer than `BATCH` means that none is left."""
    expired = BatchRepository(session).expired(limit=BATCH)
    for batch in expired:
        survive_crash(session, batch)
        logger.warning("lease expired", extra={"batch_id": str(batch.id)})
    return len(expired)
