"""Deliveries of one webhook, one after the other: claimed, sent, and what came of it written."""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from core.errors import LeaseLost
from core.logging import bound
from core.outbound.client import OutboundClient
from models.delivery import DeliveryAttempt
from models.repositories import clock, notices
from models.repositories.deliveries import Claimed, DeliveryRepository
from models.webhook_endpoint import WebhookEndpoint
from workers.delivery.outcome import Outcome
from workers.delivery.sending import Attempt, send
from workers.patience import until_database_answers
from workers.process import Process

logger = logging.getLogger(__name__)

LONGEST_RUN: Final = timedelta(seconds=5)
"""How long a thread stays with one webhook while more is due for it. Each hint costs as much as two
deliveries to a quick receiver; and others wait for threads."""
NOTHING_TO_DO: Final = "nothing to do"


def deliver(
    process: Process,
    client: OutboundClient,
    delivery_id: uuid.UUID,
    *,
    chance: Callable[[], float] = random.random,
    longest: timedelta = LONGEST_RUN,
) -> str:
    """Send this one, and what else is due for the same webhook; returns what Flower shows.

    When the worker is lost meanwhile, its leases run out, and what it was sending is sent again.
    """
    return _Run(process, client, chance).run(delivery_id, longest=longest)


class _Run:
    def __init__(self, process: Process, client: OutboundClient, chance: Callable[[], float]) -> None:
        self.sessions = process.sessions
        self.client = client
        self.settings = process.settings.delivery
        self.patience = process.settings.lease_ttl
        self.ttl = self.settings.timeout + process.settings.lease_ttl
        self.chance = chance

    def run(self, delivery_id: uuid.UUID, *, longest: timedelta) -> str:
        ends_at = time.monotonic() + longest.total_seconds()
        shown = NOTHING_TO_DO
        count = 0
        try:
            with self.sessions.begin() as session:
                claimed: Claimed | None = DeliveryRepository(session).claim(delivery_id, ttl=self.ttl)
            while claimed is not None:
                attempt = send(self.client, claimed, self.settings)
                claimed = self._conclude(claimed, attempt, go_on=time.monotonic() < ends_at)
                count += 1
                shown = f"{count} sent, at last {attempt.status or attempt.error} in {_ms(attempt)} ms"
        except LeaseLost:
            logger.info("delivery passed on")
        return shown

    def _conclude(self, claimed: Claimed, attempt: Attempt, *, go_on: bool) -> Claimed | None:
        """One transaction, repeated while the database is away; its second run finds the lease gone."""
        delivery = claimed.delivery
        chance = self.chance()

        def write() -> Claimed | None:
            with self.sessions.begin() as session:
                deliveries = DeliveryRepository(session)
                row, endpoint = deliveries.held(delivery.id, attempt=delivery.attempt)
                deliveries.note(_noted(claimed, attempt))
                Outcome(self.settings, clock.now(session), chance).apply(session, row, endpoint, attempt)
                session.flush()
                return self._next(session, endpoint, go_on=go_on)

        following = until_database_answers(write, within=self.patience)
        with bound(delivery_id=str(delivery.id), attempt=str(delivery.attempt)):
            facts = {"status": attempt.status, "code": attempt.error, "latency_ms": _ms(attempt)}
            logger.info("delivery attempted", extra=facts)
        return following

    def _next(self, session: Session, endpoint: WebhookEndpoint, *, go_on: bool) -> Claimed | None:
        deliveries = DeliveryRepository(session)
        if go_on:
            return deliveries.claim_next(endpoint, ttl=self.ttl)
        if deliveries.are_due(endpoint):
            # There is room at this endpoint now, of which the dispatcher does not know.
            notices.work_is_waiting(session)
        return None


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
