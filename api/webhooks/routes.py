"""/v1/webhooks"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, status

from api.bodies import json_of
from api.dependencies import Admin, DbSession, ProcessResources
from api.responses import body_of, problems_of
from api.webhooks import deliveries, service
from api.webhooks.schemas import (
    DeliveryDetail,
    DeliveryPage,
    DeliveryQuery,
    DeliveryRead,
    ReplayRead,
    ReplayRequest,
    SecretRotation,
    WebhookCreate,
    WebhookCreated,
    WebhookPage,
    WebhookQuery,
    WebhookRead,
    WebhookSecretRead,
    WebhookUpdate,
)
from core.errors import (
    AddressForbidden,
    Conflict,
    MalformedBody,
    NotFound,
    PayloadTooLarge,
    UnsupportedMediaType,
)

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

JSON_PROBLEMS = (MalformedBody, PayloadTooLarge, UnsupportedMediaType)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    openapi_extra=body_of({"application/json": "WebhookCreate"}),
    responses=problems_of(*JSON_PROBLEMS, AddressForbidden, Conflict),
)
def create_webhook(
    owner_id: Admin,
    body: Annotated[WebhookCreate, Depends(json_of(WebhookCreate))],
    session: DbSession,
    resources: ProcessResources,
) -> WebhookCreated:
    """Have events sent to an address, signed with the secret in the answer."""
    return service.create(session, body, resources.settings, owner_id=owner_id)


@router.get("", responses=problems_of())
def list_webhooks(
    query: Annotated[WebhookQuery, Query()], owner_id: Admin, session: DbSession
) -> WebhookPage:
    """One's own webhooks, newest first; those that jobs have made too."""
    return service.page(session, query, owner_id=owner_id)


@router.get("/{webhook_id}", responses=problems_of(NotFound))
def read_webhook(webhook_id: uuid.UUID, owner_id: Admin, session: DbSession) -> WebhookRead:
    """One webhook, and how its address has been behaving."""
    return service.read(session, webhook_id, owner_id=owner_id)


@router.patch(
    "/{webhook_id}",
    openapi_extra=body_of({"application/json": "WebhookUpdate"}),
    responses=problems_of(*JSON_PROBLEMS, NotFound, AddressForbidden, Conflict),
)
def update_webhook(
    *,
    webhook_id: uuid.UUID,
    owner_id: Admin,
    body: Annotated[WebhookUpdate, Depends(json_of(WebhookUpdate))],
    session: DbSession,
    resources: ProcessResources,
) -> WebhookRead:
    """Change what is given, and leave the rest. What waits goes to the new address."""
    return service.update(session, webhook_id, body, resources.settings, owner_id=owner_id)


@router.delete("/{webhook_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problems_of(NotFound))
def delete_webhook(webhook_id: uuid.UUID, owner_id: Admin, session: DbSession) -> None:
    """Send nothing more to this address, and forget what was sent."""
    service.remove(session, webhook_id, owner_id=owner_id)


@router.get("/{webhook_id}/secret", responses=problems_of(NotFound))
def read_secret(webhook_id: uuid.UUID, owner_id: Admin, session: DbSession) -> WebhookSecretRead:
    """What deliveries to this webhook are signed with."""
    return service.secret(session, webhook_id, owner_id=owner_id)


@router.post("/{webhook_id}/rotate-secret", responses=problems_of(NotFound, Conflict))
def rotate_secret(
    *,
    webhook_id: uuid.UUID,
    query: Annotated[SecretRotation, Query()],
    owner_id: Admin,
    session: DbSession,
    resources: ProcessResources,
) -> WebhookSecretRead:
    """A new secret. The old one signs along for a while, so that receivers can follow."""
    default = resources.settings.webhook_secret_overlap
    overlap = default if query.overlap is None else timedelta(seconds=query.overlap)
    return service.rotate(session, webhook_id, overlap=overlap, owner_id=owner_id)


@router.post(
    "/{webhook_id}/test", status_code=status.HTTP_202_ACCEPTED, responses=problems_of(NotFound, Conflict)
)
def send_test_event(webhook_id: uuid.UUID, owner_id: Admin, session: DbSession) -> DeliveryRead:
    """Send a `webhook.test` event to this webhook, and to no other."""
    return deliveries.send_test(session, webhook_id, owner_id=owner_id)


@router.get("/{webhook_id}/deliveries", responses=problems_of(NotFound))
def list_deliveries(
    webhook_id: uuid.UUID,
    query: Annotated[DeliveryQuery, Query()],
    owner_id: Admin,
    session: DbSession,
) -> DeliveryPage:
    """What was sent or is to be sent to this webhook, newest first."""
    return deliveries.page(session, webhook_id, query, owner_id=owner_id)


@router.get("/{webhook_id}/deliveries/{delivery_id}", responses=problems_of(NotFound))
def read_delivery(
    webhook_id: uuid.UUID, delivery_id: uuid.UUID, owner_id: Admin, session: DbSession
) -> DeliveryDetail:
    """One delivery with every request that was made for it."""
    return deliveries.read(session, webhook_id, delivery_id, owner_id=owner_id)


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/replay",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problems_of(NotFound, Conflict),
)
def replay_delivery(
    webhook_id: uuid.UUID, delivery_id: uuid.UUID, owner_id: Admin, session: DbSession
) -> DeliveryRead:
    """Send an event once more, under its old `webhook-id`. The delivery must have ended."""
    return deliveries.replay(session, webhook_id, delivery_id, owner_id=owner_id)


@router.post(
    "/{webhook_id}/replay",
    status_code=status.HTTP_202_ACCEPTED,
    openapi_extra=body_of({"application/json": "ReplayRequest"}),
    responses=problems_of(*JSON_PROBLEMS, NotFound, Conflict),
)
def replay_deliveries(
    webhook_id: uuid.UUID,
    owner_id: Admin,
    body: Annotated[ReplayRequest, Depends(json_of(ReplayRequest))],
    session: DbSession,
) -> ReplayRead:
    """Send once more what ended in a span of time, the oldest first."""
    return deliveries.replay_range(session, webhook_id, body, owner_id=owner_id)
