"""What every test may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from embedded.settings import EmbeddedSettings
from embedded.stack import EmbeddedStack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStack]:
    """Postgres, Valkey and SeaweedFS, new and empty, or the user's own where the environment names them."""
    state_dir = tmp_path_factory.mktemp("callscribe")
    with EmbeddedStack(EmbeddedSettings(state_dir=state_dir)) as stack:
        yield stack


@pytest.fixture(scope="session")
def environment(stack: EmbeddedStack) -> dict[str, str]:
    """The settings by which every process finds those servers."""
    return stack.environment
