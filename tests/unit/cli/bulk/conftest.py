"""A client of the scripted API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from client import IMPATIENT, Client
from tests.unit.cli.scripted_api import ScriptedApi


@pytest.fixture
def client(api: ScriptedApi) -> Iterator[Client]:
    with Client(api.access, IMPATIENT) as client:
        yield client
