"""Device batches whose worker fell silent are lost; their chunks are queued again, each to run alone."""

from __future__ import annotations

import logging
from typing import Final

from sqlalchemy.orm import Session

from models.repositories.device_batches import DeviceBatchRepository
from models.repositories.suspects import Suspects

logger = logging.getLogger(__name__)

BATCH: Final = 20


def reap_device_batches(session: Session) -> int:
    """How many were reaped; fewer than `BATCH` means that none is left."""
    expired = DeviceBatchRepository(session).expired(limit=BATCH)
    for batch in expired:
        Suspects(session).lose(batch)
        logger.warning("device batch lost", extra={"device_batch_id": str(batch.id), "worker": batch.worker})
    return len(expired)
