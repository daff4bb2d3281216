"""Events as callers see them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field, JsonValue

from api.jobs.schemas import Described
from models.event import EventType


class EventQuery(Described):
    model_config = ConfigDict(extra="forbid")

    after: str | None = None
    """`next_cursor` of the last answer; left out, from the first event on."""
    limit: int = Field(default=100, ge=1, le=1000)


class EventRead(Described):
    """Something that happened; the body of its webhook has the same `type`, `timestamp` and `data`."""

    id: uuid.UUID
    """The `webhook-id` of its deliveries."""
    object: Literal["event"] = "event"
    type: EventType
    timestamp: datetime
    data: dict[str, JsonValue]


class EventPage(Described):
    """Oldest first. No event will ever appear before one that was shown."""

    data: list[EventRead]
    has_more: bool
    next_cursor: str | None
    """Where to go on; null only if there never was an event."""
