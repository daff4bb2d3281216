"""What can be done with webhooks. Every function is one transaction."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from api import paging
from api.acting import note
from api.settings import ApiSettings
from api.webhooks.presentation import present, present_new
from api.webhooks.schemas import (
    WebhookCreate,
    WebhookCreated,
    WebhookPage,
    WebhookQuery,
    WebhookRead,
    WebhookSecretRead,
    WebhookUpdate,
)
from core.errors import Conflict
from models.audit_entry import AuditAction
from models.repositories import clock
from models.repositories.webhook_endpoints import WebhookEndpointRepository
from models.webhook_endpoint import DisabledReason, WebhookEndpoint
from submission.job_webhook import checked_target

MOST_WEBHOOKS: Final = 100
"""Of one owner: each event is written once for each."""
MOST_SECRETS: Final = 5
"""That sign at once, since each delivery carries a signature of each."""


def create(
    session: Session, request: WebhookCreate, settings: ApiSettings, *, owner_id: uuid.UUID
) -> WebhookCreated:
    checked_target(request.url, settings.outbound)
    endpoints = WebhookEndpointRepository(session)
    if endpoints.count(owner_id, for_jobs=False) >= MOST_WEBHOOKS:
        raise Conflict(f"An owner may have {MOST_WEBHOOKS} webhooks.")
    endpoint = WebhookEndpoint(
        owner_id=owner_id,
        url=request.url,
        description=request.description,
        event_types=sorted(set(request.event_types)),
        concurrency=request.concurrency,
    )
    secret = endpoints.add(endpoint)
    note(session, AuditAction.WEBHOOK_MADE, endpoint.id)
    return present_new(endpoint, secret)


def read(session: Session, endpoint_id: uuid.UUID, *, owner_id: uuid.UUID) -> WebhookRead:
    return present(WebhookEndpointRepository(session).get(endpoint_id, owner_id=owner_id))


def page(session: Session, query: WebhookQuery, *, owner_id: uuid.UUID) -> WebhookPage:
    before = paging.place_of(query.cursor) if query.cursor else None
    # One more than asked for tells whether there is another page.
    found = WebhookEndpointRepository(session).page(owner_id, before=before, limit=query.limit + 1)
    shown = found[: query.limit]
    has_more = len(found) > len(shown)
    return WebhookPage(
        data=[present(endpoint) for endpoint in shown],
        has_more=has_more,
        next_cursor=paging.cursor_after(shown[-1].created_at, shown[-1].id) if has_more else None,
    )


def update(
    session: Session,
    endpoint_id: uuid.UUID,
    request: WebhookUpdate,
    settings: ApiSettings,
    *,
    owner_id: uuid.UUID,
) -> WebhookRead:
    endpoint = WebhookEndpointRepository(session).locked(endpoint_id, owner_id=owner_id)
    if endpoint.for_jobs and (request.url is not None or request.event_types is not None):
        raise Conflict("This webhook was made by jobs: its address and its events are theirs.")
    if request.url is not None and request.url != endpoint.url:
        checked_target(request.url, settings.outbound)
        endpoint.move_to(request.url)
    if request.description is not None:
        endpoint.description = request.description
    if request.event_types is not None:
        endpoint.event_types = sorted(set(request.event_types))
    if request.concurrency is not None:
        endpoint.concurrency = request.concurrency
    _switch(session, endpoint, request.enabled)
    note(session, AuditAction.WEBHOOK_CHANGED, endpoint.id)
    session.flush()
    return present(endpoint)


def _switch(session: Session, endpoint: WebhookEndpoint, enabled: bool | None) -> None:
    if enabled is True:
        endpoint.enable()
    elif enabled is False and endpoint.disabled_at is None:
        endpoint.disable(DisabledReason.OWNER, at=clock.now(session))


def remove(session: Session, endpoint_id: uuid.UUID, *, owner_id: uuid.UUID) -> None:
    endpoints = WebhookEndpointRepository(session)
    endpoints.remove(endpoints.get(endpoint_id, owner_id=owner_id))
    note(session, AuditAction.WEBHOOK_DELETED, endpoint_id)


def secret(session: Session, endpoint_id: uuid.UUID, *, owner_id: uuid.UUID) -> WebhookSecretRead:
    endpoint = WebhookEndpointRepository(session).get(endpoint_id, owner_id=owner_id)
    note(session, AuditAction.WEBHOOK_SECRET_READ, endpoint.id)
    return _presented_secret(session, endpoint)


def rotate(
    session: Session, endpoint_id: uuid.UUID, *, overlap: timedelta, owner_id: uuid.UUID
) -> WebhookSecretRead:
    endpoints = WebhookEndpointRepository(session)
    endpoint = endpoints.locked(endpoint_id, owner_id=owner_id)
    if overlap and len(endpoints.secrets(endpoint.id)) >= MOST_SECRETS:
        raise Conflict(f"{MOST_SECRETS} secrets sign already; wait until old ones have expired.")
    endpoints.rotate(endpoint, overlap=overlap)
    note(session, AuditAction.WEBHOOK_SECRET_ROTATED, endpoint.id)
    return _presented_secret(session, endpoint)


def _presented_secret(session: Session, endpoint: WebhookEndpoint) -> WebhookSecretRead:
    newest, *older = WebhookEndpointRepository(session).secrets(endpoint.id)
    return WebhookSecretRead(
        secret=newest.secret,
        created_at=newest.created_at,
        old_ones_sign_until=max((each.expires_at for each in older if each.expires_at), default=None),
    )
