"""Rows of webhooks, put together as callers see them."""

from __future__ import annotations

from collections.abc import Sequence

from api.webhooks.schemas import (
    DeliveryAttemptRead,
    DeliveryDetail,
    DeliveryLinks,
    DeliveryRead,
    WebhookCreated,
    WebhookLinks,
    WebhookRead,
)
from models.delivery import Delivery, DeliveryAttempt
from models.event import Event
from models.states import DeliveryState
from models.webhook_endpoint import WebhookEndpoint, WebhookSecret


def present(endpoint: WebhookEndpoint) -> WebhookRead:
    here = f"/v1/webhooks/{endpoint.id}"
    return WebhookRead.model_validate(
        {
            "id": endpoint.id,
            "url": endpoint.url,
            "for_jobs": endpoint.for_jobs,
            "description": endpoint.description,
            "event_types": endpoint.event_types,
            "concurrency": endpoint.concurrency,
            "enabled": endpoint.disabled_at is None,
            "disabled_at": endpoint.disabled_at,
            "disabled_reason": endpoint.disabled_reason,
            "failures": endpoint.failures,
            "failing_since": endpoint.failing_since,
            "paused_until": endpoint.paused_until,
            "last_success_at": endpoint.succeeded_at,
            "created_at": endpoint.created_at,
            "links": WebhookLinks(self=here, secret=f"{here}/secret", deliveries=f"{here}/deliveries"),
        }
    )


def present_new(endpoint: WebhookEndpoint, secret: WebhookSecret) -> WebhookCreated:
    return WebhookCreated.model_validate({**present(endpoint).model_dump(), "secret": secret.secret})


def present_delivery(delivery: Delivery, event: Event) -> DeliveryRead:
    here = f"/v1/webhooks/{delivery.endpoint_id}/deliveries/{delivery.id}"
    return DeliveryRead(
        id=delivery.id,
        event_id=delivery.event_id,
        event_type=event.type,
        job_id=event.job_id,
        url=delivery.url,
        state=delivery.state,
        replay=delivery.replay,
        tries=delivery.tries,
        next_attempt_at=delivery.available_at if delivery.state is DeliveryState.WAITING else None,
        created_at=delivery.created_at,
        ended_at=delivery.ended_at,
        links=DeliveryLinks(self=here, replay=f"{here}/replay"),
    )


def present_detail(delivery: Delivery, event: Event, attempts: Sequence[DeliveryAttempt]) -> DeliveryDetail:
    shown = [DeliveryAttemptRead.model_validate(attempt, from_attributes=True) for attempt in attempts]
    return DeliveryDetail(**dict(present_delivery(delivery, event)), attempts=shown)
