"""A worker that sends, and somebody who receives."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from core.database import SessionFactory
from core.outbound.addresses import AddressRules
from core.outbound.client import OutboundClient
from tests.integration.workers.delivery import hooks
from tests.receiver import Receiver
from workers.delivery.delivering import deliver
from workers.process import Process

Send = Callable[[uuid.UUID], str]


@pytest.fixture
def client(ca_file: Path) -> OutboundClient:
    return OutboundClient(AddressRules(networks=(ip_network("127.0.0.0/8"),)), ca_file=ca_file)


@pytest.fixture
def send(process: Process, client: OutboundClient) -> Callable[[uuid.UUID], str]:
    """A worker's task, with no chance in its pauses, which ends after one."""
    return lambda delivery_id: deliver(process, client, delivery_id, chance=lambda: 0.5, longest=timedelta(0))


@pytest.fixture
def endpoint_id(sessions: SessionFactory, receiver: Receiver) -> uuid.UUID:
    return hooks.webhook(sessions, receiver.url())


@pytest.fixture
def delivery_id(sessions: SessionFactory, endpoint_id: uuid.UUID) -> uuid.UUID:
    (delivery_id,) = hooks.announced(sessions)
    return delivery_id
