"""deliver.webhook"""

from __future__ import annotations

import uuid
from functools import cache

from core.broker import TaskName
from core.outbound.addresses import AddressRules
from core.outbound.client import OutboundClient
from workers.app import app
from workers.delivery.delivering import deliver
from workers.process import this_process


@cache
def this_client() -> OutboundClient:
    """This process' own; its threads share it."""
    outbound = this_process().settings.outbound
    return OutboundClient(AddressRules.of(outbound), ca_file=outbound.ca_file)


@app.task(name=TaskName.DELIVER.value)
def deliver_webhook(delivery_id: str) -> str:
    """Send one event to one webhook; a stale hint costs one query."""
    return deliver(this_process(), this_client(), uuid.UUID(delivery_id))
