"""Webhooks and deliveries for tests, made the way the system makes them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
from pydantic import SecretStr
from sqlalchemy import make_url, select, text

from core.database import WORK_CHANNEL, SessionFactory
from models import Delivery, DeliveryAttempt, Event, EventType, WebhookEndpoint
from models.repositories.deliveries import DeliveryRepository
from models.repositories.events import EventRepository
from models.repositories.webhook_endpoints import WebhookEndpointRepository
from tests import builders


def webhook(sessions: SessionFactory, url: str, **fields: object) -> uuid.UUID:
    with sessions.begin() as session:
        endpoint = WebhookEndpoint(owner_id=builders.owner(session).id, url=url, **fields)
        WebhookEndpointRepository(session).add(endpoint)
        return endpoint.id


def announced(sessions: SessionFactory, kind: EventType = EventType.JOB_COMPLETED) -> list[uuid.UUID]:
    """The deliveries of a new event."""
    with sessions.begin() as session:
        event = Event(owner_id=builders.owner(session).id, type=kind, payload={"job_id": "通话 7"})
        EventRepository(session).announce(event)
        return list(session.scalars(select(Delivery.id).where(Delivery.event_id == event.id)))


def backlog(sessions: SessionFactory, endpoint_id: uuid.UUID, count: int) -> None:
    """So many waiting deliveries of one event."""
    with sessions.begin() as session:
        event = Event(owner_id=builders.owner(session).id, type=EventType.JOB_COMPLETED, payload={})
        session.add(event)
        session.flush()
        session.execute(
            text(
                "INSERT INTO deliveries "
                "(id, event_id, endpoint_id, url, replay, state, attempt, tries, hints) "
                "SELECT gen_random_uuid(), :event, id, url, true, 'waiting', 0, 0, 0 "
                "FROM webhook_endpoints, generate_series(1, :count) WHERE id = :endpoint"
            ),
            {"event": event.id, "endpoint": endpoint_id, "count": count},
        )


def secrets_of(sessions: SessionFactory, endpoint_id: uuid.UUID) -> list[str]:
    with sessions.begin() as session:
        return [each.secret for each in WebhookEndpointRepository(session).secrets(endpoint_id)]


def delivery(sessions: SessionFactory, delivery_id: uuid.UUID) -> Delivery:
    with sessions.begin() as session:
        return session.get_one(Delivery, delivery_id)


def endpoint(sessions: SessionFactory, endpoint_id: uuid.UUID) -> WebhookEndpoint:
    with sessions.begin() as session:
        return session.get_one(WebhookEndpoint, endpoint_id)


def attempts(sessions: SessionFactory, delivery_id: uuid.UUID) -> list[DeliveryAttempt]:
    with sessions.begin() as session:
        query = select(DeliveryAttempt).where(DeliveryAttempt.delivery_id == delivery_id)
        return list(session.scalars(query.order_by(DeliveryAttempt.id)))


def wait(sessions: SessionFactory, pause: timedelta) -> None:
    """As if so much time had passed for all that waits, is paused or fails."""
    columns = {
        "deliveries": ("available_at", "hinted_at", "lease_expires_at"),
        "webhook_endpoints": ("paused_until", "failing_since", "failed_at"),
    }
    with sessions.begin() as session:
        for table, times in columns.items():
            moved = ", ".join(f"{column} = {column} - :pause" for column in times)
            session.execute(text(f"UPDATE {table} SET {moved}"), {"pause": pause})


@contextmanager
def listening(database_url: SecretStr) -> Iterator[list[str]]:
    """What the dispatcher was woken with meanwhile, known once the context is left."""
    url = make_url(database_url.get_secret_value()).set(drivername="postgresql")
    heard: list[str] = []
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(f"LISTEN {WORK_CHANNEL}")
        yield heard
        connection.execute(f"NOTIFY {WORK_CHANNEL}, 'the end'")
        for notice in connection.notifies(timeout=60):
            if notice.payload == "the end":
                return
            heard.append(notice.payload)


def lease(sessions: SessionFactory, delivery_id: uuid.UUID, *, ttl: timedelta) -> None:
    with sessions.begin() as session:
        DeliveryRepository(session).claim(delivery_id, ttl=ttl)


def pause_of(sessions: SessionFactory, delivery_id: uuid.UUID) -> float:
    """Seconds from the last attempt to the next, at least."""
    made = attempts(sessions, delivery_id)[-1]
    return (delivery(sessions, delivery_id).available_at - made.started_at).total_seconds()
