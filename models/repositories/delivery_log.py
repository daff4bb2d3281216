"""SQL on deliveries as their owner sees them: what was sent, what came of it, and sending it again."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, func, insert, literal, select, tuple_
from sqlalchemy.orm import Session, aliased

from core.errors import NotFound
from models.delivery import Delivery, DeliveryAttempt
from models.event import Event
from models.repositories import notices
from models.states import DeliveryState
from models.webhook_endpoint import WebhookEndpoint


class DeliveryLog:
    """Of one endpoint, which is its reader's own."""

    def __init__(self, session: Session, endpoint: WebhookEndpoint) -> None:
        self.session = session
        self.endpoint = endpoint

    def page(
        self, *, states: Sequence[DeliveryState], before: tuple[datetime, uuid.UUID] | None, limit: int
    ) -> Sequence[tuple[Delivery, Event]]:
        """Newest first; `before` is the last row of the page that was read."""
        query = self._all()
        if states:
            query = query.where(Delivery.state.in_(states))
        if before is not None:
            query = query.where(tuple_(Delivery.created_at, Delivery.id) < tuple_(*before))
        query = query.order_by(Delivery.created_at.desc(), Delivery.id.desc()).limit(limit)
        return [(delivery, event) for delivery, event in self.session.execute(query)]

    def get(self, delivery_id: uuid.UUID) -> tuple[Delivery, Event]:
        row = self.session.execute(self._all().where(Delivery.id == delivery_id)).one_or_none()
        if row is None:
            raise NotFound(f"No delivery {delivery_id}.")
        delivery, event = row
        return delivery, event

    def attempts(self, delivery_id: uuid.UUID) -> Sequence[DeliveryAttempt]:
        """In the order in which they were made."""
        query = select(DeliveryAttempt).where(DeliveryAttempt.delivery_id == delivery_id)
        return self.session.scalars(query.order_by(DeliveryAttempt.id)).all()

    def replay(self, delivery: Delivery) -> Delivery:
        """The same event once more, to where the endpoint is now."""
        again = Delivery(
            event_id=delivery.event_id, endpoint_id=self.endpoint.id, url=delivery.url, replay=True
        )
        self.session.add(again)
        self.session.flush()
        notices.work_is_waiting(self.session)
        return again

    def replay_range(
        self, *, since: datetime, until: datetime | None, states: Sequence[DeliveryState], limit: int
    ) -> int:
        """How many were queued again, the oldest first; fewer than `limit` means that none is left.

        What is being replayed already, or was with success, is passed over.
        """
        again = aliased(Delivery)
        sent = select(again.id).where(
            again.event_id == Delivery.event_id,
            again.endpoint_id == self.endpoint.id,
            again.replay,
            again.state != DeliveryState.FAILED,
        )
        wanted = select(Delivery.event_id, Delivery.url, Delivery.created_at).where(
            Delivery.endpoint_id == self.endpoint.id,
            Delivery.created_at >= since,
            Delivery.state.in_(states),
            ~Delivery.replay,
            ~sent.exists(),
        )
        if until is not None:
            wanted = wanted.where(Delivery.created_at < until)
        oldest = wanted.order_by(Delivery.created_at).limit(limit).subquery()
        made = insert(Delivery).from_select(
            ["id", "event_id", "endpoint_id", "url", "replay", "state"],
            select(
                func.gen_random_uuid(),
                oldest.c.event_id,
                literal(self.endpoint.id),
                oldest.c.url,
                literal(True),
                literal(DeliveryState.WAITING.value),
            ),
        )
        counted = made.execution_options(preserve_rowcount=True)
        count = self.session.connection().execute(counted).rowcount
        if count:
            notices.work_is_waiting(self.session)
        return count

    def _all(self) -> Select[Delivery, Event]:
        return (
            select(Delivery, Event)
            .join(Event, Event.id == Delivery.event_id)
            .where(Delivery.endpoint_id == self.endpoint.id)
        )
