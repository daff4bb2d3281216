"""An event as callers see it: the same in `GET /v1/events` and in the body of a webhook."""

from __future__ import annotations

from models.base import JsonObject
from models.event import Event


def event_content(event: Event, *, api_url: str = "") -> JsonObject:
    """Always the same for the same event; `api_url` goes in front of its links.

    Thin: what was said in a call is fetched with a key, and not sent around.
    """
    return {
        "type": event.type.value,
        "timestamp": event.created_at.isoformat(),
        "data": {**event.payload, "links": _links(event, api_url)},
    }


def _links(event: Event, api_url: str) -> JsonObject:
    if event.job_id is not None:
        job = f"{api_url}/v1/jobs/{event.job_id}"
        return {"job": job, "transcript": f"{job}/transcript"}
    if event.batch_id is not None:
        batch = f"{api_url}/v1/batches/{event.batch_id}"
        return {"batch": batch, "results": f"{batch}/results", "errors": f"{batch}/errors"}
    return {"webhook": f"{api_url}/v1/webhooks/{event.endpoint_id}"}
