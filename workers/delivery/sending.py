"""One request to a receiver: what is in it, and what came of it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from core import signing
from core.errors import AddressForbidden, InvalidRequest, RemoteFailure
from core.outbound.client import Answer, OutboundClient, Request
from models.event import Event
from models.event_content import event_content
from models.repositories.deliveries import Claimed
from workers.settings import DeliverySettings

BODY_LIMIT: Final = 64 * 1024
"""Bytes of an answer that are read; a receiver has nothing to say to us."""
KEPT_BYTES: Final = 1_000
HTTP_STATUS: Final = "http_status"
"""Error code of an answer other than 2xx."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of a request."""

    latency: timedelta
    status: int | None = None
    error: str | None = None
    address: str | None = None
    body: str | None = None
    retry_after: str | None = None


def send(client: OutboundClient, claimed: Claimed, settings: DeliverySettings) -> Attempt:
    """Never raises for anything that a receiver can do."""
    begun = time.monotonic()
    request = request_of(claimed, api_url=settings.api_url or "")
    try:
        answer = client.send(request, seconds=settings.timeout.total_seconds(), body_limit=BODY_LIMIT)
    except (RemoteFailure, AddressForbidden) as error:
        return Attempt(_since(begun), error.status, error.code, error.address)
    except InvalidRequest as error:
        # The rules for URLs were others when it was accepted.
        return Attempt(_since(begun), error=error.code)
    return _answered(answer, _since(begun))


def request_of(claimed: Claimed, *, api_url: str) -> Request:
    """Signed with each of the secrets, at the time of this attempt."""
    timestamp = int(claimed.at.timestamp())
    body = body_of(claimed.event, api_url=api_url)
    message_id = str(claimed.event.id)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signing.signatures(
            claimed.secrets, message_id=message_id, timestamp=timestamp, body=body
        ),
    }
    return Request("POST", claimed.delivery.url, headers, body)


def body_of(event: Event, *, api_url: str) -> bytes:
    """The same bytes each time that this event is sent."""
    return json.dumps(
        event_content(event, api_url=api_url), ensure_ascii=False, separators=(",", ":")
    ).encode()


def _answered(answer: Answer, latency: timedelta) -> Attempt:
    return Attempt(
        latency,
        answer.status,
        None if 200 <= answer.status < 300 else HTTP_STATUS,
        answer.address,
        # Postgres cannot store a NUL.
        answer.body[:KEPT_BYTES].decode(errors="replace").replace("\x00", "\ufffd"),
        answer.headers.get("retry-after"),
    )


def _since(begun: float) -> timedelta:
    return timedelta(seconds=time.monotonic() - begun)
