"""`webhook_url`: the endpoint that tells one job's end at an address of its own."""

from __future__ import annotations

import uuid
from typing import Final

from sqlalchemy.orm import Session

from core.errors import Conflict
from core.outbound.addresses import AddressRules
from core.outbound.targets import Target
from core.settings import OutboundSettings
from models.repositories.webhook_endpoints import WebhookEndpointRepository
from models.webhook_endpoint import DisabledReason, WebhookEndpoint

MOST_ORIGINS: Final = 1_000
"""Of one owner's jobs."""


def for_job(
    session: Session, url: str, outbound: OutboundSettings, *, owner_id: uuid.UUID
) -> WebhookEndpoint:
    """What tells a job's own address of its end; jobs with addresses of one server share it.

    If it failed for too long, this job is reason to try again; what its owner disabled stays so.
    """
    origin = checked_target(url, outbound).origin
    endpoints = WebhookEndpointRepository(session)
    endpoint = endpoints.of_origin(owner_id, origin)
    if endpoint is None:
        if endpoints.count(owner_id, for_jobs=True) >= MOST_ORIGINS:
            raise Conflict(
                f"The jobs of an owner may name {MOST_ORIGINS} servers; delete webhooks of old ones."
            )
        endpoint = endpoints.make_for_origin(owner_id, origin)
    elif endpoint.disabled_reason == DisabledReason.FAILING:
        endpoint = endpoints.locked(endpoint.id, owner_id=owner_id)
        endpoint.enable()
    return endpoint


def checked_target(url: str, outbound: OutboundSettings) -> Target:
    """As much as can be told before a name is resolved: that is done at each delivery."""
    target = Target.of(url)
    AddressRules.of(outbound).check_place(target.scheme, target.host, target.port)
    return target
