"""What follows from an attempt, for the delivery and for its endpoint."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from models.delivery import Delivery
from models.event import Event, EventType
from models.repositories.events import EventRepository
from models.webhook_endpoint import DisabledReason, WebhookEndpoint
from workers.delivery.schedule import asked_pause, pause_after
from workers.delivery.sending import Attempt
from workers.settings import DeliverySettings

logger = logging.getLogger(__name__)

GONE: Final = 410
OVERLOADED: Final = frozenset({429, 502, 503, 504})
"""Answers by which a receiver asks for less; only theirs is Retry-After listened to."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Rules and moment under which an attempt is judged."""

    settings: DeliverySettings
    now: datetime
    chance: float
    """From 0 to 1."""

    def apply(
        self, session: Session, delivery: Delivery, endpoint: WebhookEndpoint, attempt: Attempt
    ) -> None:
        """Both rows are locked, and the delivery is this worker's."""
        if attempt.error is None:
            delivery.succeed(at=self.now)
            endpoint.succeed(at=self.now)
            return
        if attempt.status == GONE and endpoint.for_jobs:
            # One address of a server is gone; that says nothing of the others.
            delivery.give_up(at=self.now)
            return
        asked = self._asked(attempt)
        endpoint.fail(at=self.now, forgotten_after=self.settings.forget_failures_after)
        if asked:
            endpoint.pause(until=self.now + asked)
        reason = self._reason_to_disable(endpoint, attempt)
        self._try_again(delivery, asked=asked, may=reason is None)
        if reason is not None and endpoint.disabled_at is None:
            self._disable(session, endpoint, reason)

    def _asked(self, attempt: Attempt) -> timedelta:
        if attempt.status not in OVERLOADED:
            return timedelta(0)
        return asked_pause(attempt.retry_after, now=self.now, limit=self.settings.retry_after_limit)

    def _reason_to_disable(self, endpoint: WebhookEndpoint, attempt: Attempt) -> DisabledReason | None:
        if attempt.status == GONE:
            return DisabledReason.GONE
        if endpoint.fails_for(at=self.now) >= self.settings.disable_after:
            return DisabledReason.FAILING
        return None

    def _try_again(self, delivery: Delivery, *, asked: timedelta, may: bool) -> None:
        pause = pause_after(
            self.settings.schedule, delivery.tries + 1, jitter=self.settings.jitter, chance=self.chance
        )
        if pause is None or not may:
            delivery.give_up(at=self.now)
        else:
            delivery.retry(available_at=self.now + max(pause, asked))

    def _disable(self, session: Session, endpoint: WebhookEndpoint, reason: DisabledReason) -> None:
        logger.warning("webhook disabled", extra={"webhook_id": str(endpoint.id), "reason": reason})
        failing_since = endpoint.failing_since.isoformat() if endpoint.failing_since else None
        endpoint.disable(reason, at=self.now)
        # First of all, so that it is not told of its own end.
        session.flush()
        EventRepository(session).announce(
            Event(
                owner_id=endpoint.owner_id,
                endpoint_id=endpoint.id,
                type=EventType.WEBHOOK_DISABLED,
                payload={
                    "webhook_id": str(endpoint.id),
                    "url": endpoint.url,
                    "reason": reason.value,
                    "failing_since": failing_since,
                },
            )
        )
