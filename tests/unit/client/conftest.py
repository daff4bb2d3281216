"""What tests of the client may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from client import Client, Patience
from tests.unit.cli.scripted_api import ScriptedApi, scripted_api

PAUSES = (1.0, 2.0)


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    with scripted_api() as api:
        yield api


@pytest.fixture
def pauses() -> list[float]:
    """Those that the client makes; none of them takes any time."""
    return []


@pytest.fixture
def client(api: ScriptedApi, pauses: list[float]) -> Iterator[Client]:
    with Client(api.access, Patience(pauses=PAUSES, pause=pauses.append)) as client:
        yield client
