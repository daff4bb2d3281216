"""Deliveries to webhooks that are disabled fail, however many there are."""

from __future__ import annotations

import logging
from typing import Final

from sqlalchemy.orm import Session

from models.repositories.deliveries import DeliveryRepository

logger = logging.getLogger(__name__)

BATCH: Final = 1_000


def fail_deliveries(session: Session) -> int:
    """How many failed, all of one webhook; 0 means that none is left."""
    failed = DeliveryRepository(session).fail_undeliverable(limit=BATCH)
    if failed:
        logger.warning("deliveries failed with their webhook", extra={"count": failed})
    return failed
