"""SQL on deliveries: announcing, claiming, holding and losing them.

An endpoint's row is locked before its deliveries. Conditions on the state stand in the text and not
in parameters: only then does Postgres know that the partial indexes fit.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import CTE, ColumnClause, ColumnElement, case, func, literal_column, or_, select, true, update
from sqlalchemy.orm import Session, aliased

from core.errors import LeaseLost
from models.delivery import Delivery, DeliveryAttempt
from models.event import Event
from models.repositories import clock
from models.repositories.hints import is_due
from models.repositories.webhook_endpoints import WebhookEndpointRepository
from models.states import DeliveryState
from models.webhook_endpoint import WebhookEndpoint


def _state(state: DeliveryState) -> ColumnClause[str]:
    return literal_column(f"'{state}'")


WAITING: Final[ColumnElement[bool]] = Delivery.state == _state(DeliveryState.WAITING)
LEASED: Final[ColumnElement[bool]] = Delivery.state == _state(DeliveryState.LEASED)


@dataclass(frozen=True, slots=True)
class Claimed:
    """All that it takes to send it, detached from any session."""

    delivery: Delivery
    event: Event
    secrets: tuple[str, ...]
    """The newest first."""
    at: datetime
    """By Postgres' clock."""


class DeliveryRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def claim(self, delivery_id: uuid.UUID, *, ttl: timedelta) -> Claimed:
        """Lease one that waits. `LeaseLost` if it is taken, over or gone, or its endpoint has no room."""
        endpoint = self._endpoint_of(Delivery.id == delivery_id, WAITING)
        now = clock.now(self.session)
        if endpoint.room(leased=self._leased(endpoint), now=now) <= 0:
            raise LeaseLost
        query = select(Delivery).where(Delivery.id == delivery_id, WAITING, Delivery.available_at <= now)
        delivery = self.session.scalar(query.with_for_update(skip_locked=True))
        if delivery is None:
            raise LeaseLost
        return self._claimed(delivery, endpoint, now=now, ttl=ttl)

    def claim_next(self, endpoint: WebhookEndpoint, *, ttl: timedelta) -> Claimed | None:
        """Lease the next one that is due, if the endpoint has room; its row is locked."""
        now = clock.now(self.session)
        if endpoint.room(leased=self._leased(endpoint), now=now) <= 0:
            return None
        query = (
            select(Delivery)
            .where(Delivery.endpoint_id == endpoint.id, WAITING, Delivery.available_at <= now)
            .order_by(Delivery.available_at, Delivery.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        delivery = self.session.scalar(query)
        return None if delivery is None else self._claimed(delivery, endpoint, now=now, ttl=ttl)

    def held(self, delivery_id: uuid.UUID, *, attempt: int) -> tuple[Delivery, WebhookEndpoint]:
        """Both rows locked for the final write, if this attempt still owns the delivery."""
        held = (Delivery.id == delivery_id, Delivery.attempt == attempt, LEASED)
        endpoint = self._endpoint_of(*held)
        delivery = self.session.scalar(select(Delivery).where(*held).with_for_update())
        if delivery is None:
            raise LeaseLost
        return delivery, endpoint

    def note(self, attempt: DeliveryAttempt) -> None:
        self.session.add(attempt)

    def are_due(self, endpoint: WebhookEndpoint) -> bool:
        """Whether more could be sent to it right now."""
        due = select(Delivery.id).where(
            Delivery.endpoint_id == endpoint.id, WAITING, Delivery.available_at <= func.clock_timestamp()
        )
        return self.session.scalar(due.limit(1)) is not None

    def expired(self, *, limit: int) -> Sequence[Delivery]:
        """Leases that ran out, locked; what another reaper holds is left to it."""
        query = (
            select(Delivery)
            .where(LEASED, Delivery.lease_expires_at < func.clock_timestamp())
            .order_by(Delivery.lease_expires_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return self.session.scalars(query).all()

    def fail_undeliverable(self, *, limit: int) -> int:
        """How many waited for an endpoint that is disabled, and do no more; of one endpoint at a time."""
        one = select(Delivery.id).where(Delivery.endpoint_id == WebhookEndpoint.id, WAITING).limit(1)
        endpoint = (
            select(WebhookEndpoint.id)
            .join(one.lateral("one"), true())
            .where(WebhookEndpoint.disabled_at.is_not(None))
            .limit(1)
            .scalar_subquery()
        )
        waiting = (
            select(Delivery.id)
            .where(Delivery.endpoint_id == endpoint, WAITING)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("undeliverable")
        )
        query = (
            update(Delivery)
            .where(Delivery.id == waiting.c.id, WAITING)
            .values(state=_state(DeliveryState.FAILED), ended_at=func.clock_timestamp())
            .returning(Delivery.id)
            .execution_options(synchronize_session=False)
        )
        return len(self.session.scalars(query).all())

    def hint(self, *, window: int) -> Sequence[uuid.UUID]:
        """Those whose hint is due among the first that their endpoints have room for, taking turns.

        What waits for an endpoint beyond its room is not even looked at, so that a hundred
        thousand for one that is away leave the others their place in the window.
        """
        # A plan that was kept from when there were few deliveries would read all of a backlog.
        self.session.execute(select(func.set_config("plan_cache_mode", "force_custom_plan", True)))
        query = (
            update(Delivery)
            .where(Delivery.id == _first(window).c.id, WAITING, is_due(Delivery.hinted_at, Delivery.hints))
            .values(hinted_at=func.clock_timestamp(), hints=Delivery.hints + 1)
            .returning(Delivery.id)
            .execution_options(synchronize_session=False)
        )
        return self.session.scalars(query).all()

    def forget_hints(self, delivery_ids: Sequence[uuid.UUID]) -> None:
        """What was announced of these never arrived."""
        self._forget(Delivery.id.in_(delivery_ids))

    def forget_all_hints(self) -> None:
        """What was announced and not claimed never arrived."""
        self._forget(Delivery.hinted_at.is_not(None))

    def _claimed(
        self, delivery: Delivery, endpoint: WebhookEndpoint, *, now: datetime, ttl: timedelta
    ) -> Claimed:
        delivery.lease(until=now + ttl)
        if not endpoint.for_jobs:
            # It may have moved since the event was announced.
            delivery.url = endpoint.url
        secrets = WebhookEndpointRepository(self.session).secrets(endpoint.id)
        event = self.session.scalars(select(Event).where(Event.id == delivery.event_id)).one()
        return Claimed(delivery, event, tuple(each.secret for each in secrets), now)

    def _forget(self, which: ColumnElement[bool]) -> None:
        query = update(Delivery).where(which, WAITING).values(hinted_at=None, hints=0)
        self.session.execute(query.execution_options(synchronize_session=False))

    def _endpoint_of(self, *which: ColumnElement[bool]) -> WebhookEndpoint:
        """The endpoint's row, locked: from here on it has as much room as is counted."""
        query = (
            select(WebhookEndpoint)
            .join(Delivery, Delivery.endpoint_id == WebhookEndpoint.id)
            .where(*which)
            .with_for_update(key_share=True, of=WebhookEndpoint)
        )
        endpoint = self.session.scalar(query)
        if endpoint is None:
            raise LeaseLost
        return endpoint

    def _leased(self, endpoint: WebhookEndpoint) -> int:
        query = select(func.count()).where(Delivery.endpoint_id == endpoint.id, LEASED)
        return self.session.execute(query).scalar_one()


def _first(window: int) -> CTE:
    """As many of each endpoint as it has room for: the first of each, then the second of each, ...

    Written so that it can only be done by probing an index for each endpoint: 1,000 of them and 200,000
    deliveries take 10 ms. Asked first which endpoints have any, Postgres would rather read them all.
    """
    now = func.clock_timestamp()
    busy = aliased(Delivery)
    leased = (
        select(func.count())
        .where(busy.endpoint_id == WebhookEndpoint.id, busy.state == _state(DeliveryState.LEASED))
        .correlate(WebhookEndpoint)
        .scalar_subquery()
    )
    room = case((WebhookEndpoint.failures == 0, WebhookEndpoint.concurrency), else_=1) - leased
    due = (Delivery.endpoint_id == WebhookEndpoint.id, WAITING, Delivery.available_at <= now)
    next_ones = (
        select(
            Delivery.id,
            Delivery.available_at,
            func.row_number().over(order_by=(Delivery.available_at, Delivery.id)).label("turn"),
        )
        .where(*due)
        .order_by(Delivery.available_at, Delivery.id)
        .limit(func.greatest(room, 0))
        .lateral("next_ones")
    )
    chosen = (
        select(next_ones.c.id)
        .select_from(WebhookEndpoint)
        .join(next_ones, true())
        .where(
            WebhookEndpoint.disabled_at.is_(None),
            or_(WebhookEndpoint.paused_until.is_(None), WebhookEndpoint.paused_until <= now),
        )
        .order_by(next_ones.c.turn, WebhookEndpoint.failures > 0, next_ones.c.available_at)
        .limit(window)
        .cte("chosen")
    )
    # Claims hold rows for a moment: what is locked is being claimed and needs no hint.
    locked = (
        select(Delivery.id).where(Delivery.id == chosen.c.id).with_for_update(skip_locked=True, of=Delivery)
    )
    return locked.cte("locked")
