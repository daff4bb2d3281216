from __future__ import annotations

import pytest

from workers.finishing.languages.identifying import identify


@pytest.fixture(autouse=True, scope="session")
def loaded_identifier() -> None:
    """Hypothesis measures how long an example takes; the first one would load the library's tables."""
    assert identify("Thank you for calling, how can I help you today?") is not None
