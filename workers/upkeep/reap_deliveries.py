"""Deliveries whose worker fell silent are sent again: at least once is promised, not exactly."""

from __future__ import annotations

import logging
from typing import Final

from sqlalchemy.orm import Session

from models.repositories import clock, notices
from models.repositories.deliveries import DeliveryRepository

logger = logging.getLogger(__name__)

BATCH: Final = 100


def reap_deliveries(session: Session) -> int:
    """How many were reaped; fewer than `BATCH` means that none is left."""
    expired = DeliveryRepository(session).expired(limit=BATCH)
    for delivery in expired:
        delivery.release(available_at=clock.now(session))
        logger.warning("lease expired", extra={"delivery_id": str(delivery.id)})
    if expired:
        session.flush()
        notices.work_is_waiting(session)
    return len(expired)
