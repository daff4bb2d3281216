"""Running batches of which nothing is left to do are completed, and their callers told."""

from __future__ import annotations

import logging
from typing import Final

from sqlalchemy.orm import Session

from models.repositories.batch_endings import BatchEndings
from models.repositories.batches import BatchRepository

logger = logging.getLogger(__name__)

BATCH: Final = 100


def complete_batches(session: Session) -> int:
    """How many were completed; fewer than `BATCH` means that none is left."""
    over = BatchRepository(session).over(limit=BATCH)
    for batch in over:
        BatchEndings(session).complete(batch)
        logger.info("batch completed", extra={"batch_id": str(batch.id)})
    return len(over)
