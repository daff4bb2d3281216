"""One delivery, from its claim to what came of it."""

from __future__ import annotations

import logging
import random
import uuid
from collections.abc import Callable

from sqlalchemy.orm import Session

from core.errors import LeaseLost
from core.logging import bound
from core.outbound.client import OutboundClient
from models.delivery import DeliveryAttempt
from models.repositories import clock, notices
from models.repositories.deliveries import Claimed, DeliveryRepository
from workers.delivery.outcome import Outcome
from workers.delivery.sending import Attempt, send
from workers.patience import until_database_answers
from workers.process import Process

logger = logging.getLogger(__name__)

NOTHING_TO_DO = "nothing to do"


def deliver(
    process: Process,
    client: OutboundClient,
    delivery_id: uuid.UUID,
    *,
    chance: Callable[[], float] = random.random,
) -> str:
    """Returns what Flower shows. When the worker is lost in between, the lease runs out: it is sent again."""
    settings = process.settings.delivery
    ttl = settings.timeout + process.settings.lease_ttl
    try:
        with process.sessions.begin() as session:
            claimed = DeliveryRepository(session).claim(delivery_id, ttl=ttl)
        with bound(delivery_id=str(delivery_id), attempt=str(claimed.delivery.attempt)):
            attempt = send(client, claimed, settings)
            _conclude(process, claimed, attempt, chance())
    except LeaseLost:
        return NOTHING_TO_DO
    return f"{attempt.status or attempt.error} in {_ms(attempt)} ms"


def _conclude(process: Process, claimed: Claimed, attempt: Attempt, chance: float) -> None:
    """One transaction, repeated while the database is away; its second run finds the lease gone."""

    def write() -> None:
        with process.sessions.begin() as session:
            deliveries = DeliveryRepository(session)
            delivery, endpoint = deliveries.held(claimed.delivery.id, attempt=claimed.delivery.attempt)
            deliveries.note(_noted(claimed, attempt))
            outcome = Outcome(process.settings.delivery, clock.now(session), chance)
            outcome.apply(session, delivery, endpoint, attempt)
            session.flush()
            _go_on(session, deliveries.are_due(endpoint))

    until_database_answers(write, within=process.settings.lease_ttl)
    logger.info(
        "delivery attempted",
        extra={"status": attempt.status, "code": attempt.error, "latency_ms": _ms(attempt)},
    )


def _go_on(session: Session, more_is_due: bool) -> None:
    """There is room at this endpoint now, of which the dispatcher does not know."""
    if more_is_due:
        notices.work_is_waiting(session)


def _noted(claimed: Claimed, attempt: Attempt) -> DeliveryAttempt:
    return DeliveryAttempt(
        delivery_id=claimed.delivery.id,
        number=claimed.delivery.attempt,
        started_at=claimed.at,
        latency_ms=_ms(attempt),
        status=attempt.status,
        error=attempt.error,
        address=attempt.address,
        body=attempt.body,
    )


def _ms(attempt: Attempt) -> int:
    return round(attempt.latency.total_seconds() * 1000)
