"""Webhooks and their deliveries as callers see them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, ConfigDict, Field, StrictBool, StringConstraints

from api.jobs.schemas import Described
from core.outbound.targets import LONGEST_URL
from models.event import EventType
from models.states import DeliveryState
from models.webhook_endpoint import MOST_AT_ONCE, DisabledReason
from submission.fields import NO_WORD

Url = Annotated[str, StringConstraints(max_length=LONGEST_URL)]
Description = Annotated[str, StringConstraints(max_length=255, pattern=r"^[^\x00]*$")]
Concurrency = Annotated[int, Field(ge=1, le=MOST_AT_ONCE), NO_WORD]
EventTypes = Annotated[list[EventType], Field(max_length=len(EventType))]


class WebhookCreate(Described):
    model_config = ConfigDict(extra="forbid")

    url: Url
    """https, on port 443 or 8443, at a public address; whatever else the operator allows."""
    description: Description = ""
    event_types: EventTypes = Field(default_factory=list)
    """What it wants to hear of; empty means everything."""
    concurrency: Concurrency = 4
    """Deliveries that may be on their way to it at once."""


class WebhookUpdate(Described):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    url: Url | None = None
    description: Description | None = None
    event_types: EventTypes | None = None
    concurrency: Concurrency | None = None
    enabled: StrictBool | None = None
    """False lets what waits fail and nothing new be sent; true begins anew."""


class WebhookLinks(Described):
    self: str
    secret: str
    deliveries: str


class WebhookRead(Described):
    """Where an owner wants to be told of events, and how that address has been behaving."""

    id: uuid.UUID
    object: Literal["webhook"] = "webhook"
    url: str
    """Of one made by jobs: the origin that their addresses share."""
    for_jobs: bool
    """Made by jobs that named an address of their own; it hears of those jobs only."""
    description: str
    event_types: list[EventType]
    concurrency: int
    enabled: bool
    disabled_at: datetime | None
    disabled_reason: DisabledReason | None
    failures: int
    """In a row."""
    failing_since: datetime | None
    paused_until: datetime | None
    """Nothing is sent before this: it failed too often in a row, or asked for it."""
    last_success_at: datetime | None
    created_at: datetime
    links: WebhookLinks


class WebhookCreated(WebhookRead):
    secret: str
    """What deliveries are signed with; `GET …/secret` shows it again."""


class WebhookSecretRead(Described):
    secret: str
    """The newest; the first signature of a delivery is made with it."""
    created_at: datetime
    old_ones_sign_until: datetime | None
    """Deliveries carry signatures of older secrets too, until then."""


class WebhookPage(Described):
    """Newest first."""

    data: list[WebhookRead]
    has_more: bool
    next_cursor: str | None


class WebhookQuery(Described):
    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = None
    """`next_cursor` of the page before."""


class SecretRotation(Described):
    model_config = ConfigDict(extra="forbid")

    overlap: int | None = Field(default=None, ge=0, le=7 * 24 * 3600)
    """Seconds that the old secret signs along; the server's default if left out, 0 if it has leaked."""


class DeliveryLinks(Described):
    self: str
    replay: str


class DeliveryRead(Described):
    """One event on its way to one webhook."""

    id: uuid.UUID
    object: Literal["delivery"] = "delivery"
    event_id: uuid.UUID
    """Sent as `webhook-id`: the same in every attempt and every replay."""
    event_type: EventType
    job_id: uuid.UUID | None
    url: str
    state: DeliveryState
    replay: bool
    tries: int
    """Requests that were made and not taken."""
    next_attempt_at: datetime | None
    """While it waits; it may be later when the webhook is paused."""
    created_at: datetime
    ended_at: datetime | None
    links: DeliveryLinks


class DeliveryAttemptRead(Described):
    """One request, and what came back."""

    started_at: datetime
    latency_ms: int
    status: int | None
    """HTTP status; null if no answer came."""
    error: str | None
    """Stable code of what went wrong; null for 2xx."""
    address: str | None
    """IP address that the name was resolved to."""
    body: str | None
    """First 1,000 bytes of the answer."""


class DeliveryDetail(DeliveryRead):
    attempts: list[DeliveryAttemptRead]


class DeliveryPage(Described):
    """Newest first."""

    data: list[DeliveryRead]
    has_more: bool
    next_cursor: str | None


class DeliveryQuery(Described):
    model_config = ConfigDict(extra="forbid")

    state: list[DeliveryState] = Field(default_factory=list)
    """Only deliveries in one of these states."""
    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = None
    """`next_cursor` of the page before."""


class ReplayRequest(Described):
    """Deliveries that were made in a span of time and ended in one of these states."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime
    until: AwareDatetime | None = None
    """Left out: up to now."""
    states: list[Literal[DeliveryState.FAILED, DeliveryState.DELIVERED]] = Field(
        default=[DeliveryState.FAILED], min_length=1, max_length=2
    )


class ReplayRead(Described):
    replayed: int
    """Deliveries that were queued; those that already are, or were with success, are passed over."""
    has_more: bool
    """There were more than one request takes: send it again for the rest."""
