"""What became of deliveries, and sending them again. Every function is one transaction."""

from __future__ import annotations

import uuid
from typing import Final

from sqlalchemy.orm import Session

from api import paging
from api.acting import note
from api.webhooks.presentation import present_delivery, present_detail
from api.webhooks.schemas import (
    DeliveryDetail,
    DeliveryPage,
    DeliveryQuery,
    DeliveryRead,
    ReplayRead,
    ReplayRequest,
)
from core.errors import Conflict
from models.audit_entry import AuditAction
from models.event import Event, EventType
from models.repositories.delivery_log import DeliveryLog
from models.repositories.events import EventRepository
from models.repositories.webhook_endpoints import WebhookEndpointRepository
from models.states import DELIVERY_TRANSITIONS
from models.webhook_endpoint import WebhookEndpoint

REPLAY_LIMIT: Final = 10_000
"""Deliveries that one request queues again."""


def page(
    session: Session, endpoint_id: uuid.UUID, query: DeliveryQuery, *, owner_id: uuid.UUID
) -> DeliveryPage:
    before = paging.place_of(query.cursor) if query.cursor else None
    log = DeliveryLog(session, _endpoint(session, endpoint_id, owner_id))
    # One more than asked for tells whether there is another page.
    found = log.page(states=query.state, before=before, limit=query.limit + 1)
    shown = found[: query.limit]
    has_more = len(found) > len(shown)
    last = shown[-1][0] if has_more else None
    return DeliveryPage(
        data=[present_delivery(delivery, event) for delivery, event in shown],
        has_more=has_more,
        next_cursor=paging.cursor_after(last.created_at, last.id) if last else None,
    )


def read(
    session: Session, endpoint_id: uuid.UUID, delivery_id: uuid.UUID, *, owner_id: uuid.UUID
) -> DeliveryDetail:
    log = DeliveryLog(session, _endpoint(session, endpoint_id, owner_id))
    delivery, event = log.get(delivery_id)
    return present_detail(delivery, event, log.attempts(delivery_id))


def send_test(session: Session, endpoint_id: uuid.UUID, *, owner_id: uuid.UUID) -> DeliveryRead:
    """An event that says nothing, to this webhook only."""
    endpoint = _enabled(session, endpoint_id, owner_id)
    event = Event(
        owner_id=owner_id,
        endpoint_id=endpoint.id,
        type=EventType.WEBHOOK_TEST,
        payload={"webhook_id": str(endpoint.id)},
    )
    delivery = EventRepository(session).announce_to(endpoint, event)
    return present_delivery(delivery, event)


def replay(
    session: Session, endpoint_id: uuid.UUID, delivery_id: uuid.UUID, *, owner_id: uuid.UUID
) -> DeliveryRead:
    log = DeliveryLog(session, _enabled(session, endpoint_id, owner_id))
    delivery, event = log.get(delivery_id)
    if DELIVERY_TRANSITIONS[delivery.state]:
        raise Conflict("This delivery has not ended: it will be tried by itself.")
    note(session, AuditAction.WEBHOOK_SENT_AGAIN, endpoint_id)
    return present_delivery(log.replay(delivery), event)


def replay_range(
    session: Session, endpoint_id: uuid.UUID, request: ReplayRequest, *, owner_id: uuid.UUID
) -> ReplayRead:
    log = DeliveryLog(session, _enabled(session, endpoint_id, owner_id))
    count = log.replay_range(
        since=request.since, until=request.until, states=request.states, limit=REPLAY_LIMIT
    )
    note(session, AuditAction.WEBHOOK_SENT_AGAIN, endpoint_id)
    return ReplayRead(replayed=count, has_more=count == REPLAY_LIMIT)


def _endpoint(session: Session, endpoint_id: uuid.UUID, owner_id: uuid.UUID) -> WebhookEndpoint:
    return WebhookEndpointRepository(session).get(endpoint_id, owner_id=owner_id)


def _enabled(session: Session, endpoint_id: uuid.UUID, owner_id: uuid.UUID) -> WebhookEndpoint:
    """Locked, so that two requests do not replay the same."""
    endpoint = WebhookEndpointRepository(session).locked(endpoint_id, owner_id=owner_id)
    if endpoint.disabled_at is not None:
        raise Conflict("This webhook is disabled; enable it first.")
    return endpoint
