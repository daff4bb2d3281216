"""What tests of the client commands may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.cli.scripted_api import ScriptedApi, scripted_api


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    with scripted_api() as api:
        yield api


@pytest.fixture
def named_api(api: ScriptedApi, monkeypatch: pytest.MonkeyPatch) -> ScriptedApi:
    """The same, as the environment names it."""
    monkeypatch.setenv("CALLSCRIBE_API_URL", api.access.api_url)
    monkeypatch.setenv("CALLSCRIBE_API_KEY", api.access.api_key)
    return api
