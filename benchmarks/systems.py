"""A whole system of a benchmark's own, gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cli.steps import Steps
from client import Access, Client
from core.settings import StorageSettings
from core.storage import ObjectStorage
from embedded.settings import EmbeddedSettings
from embedded.stack import EmbeddedStack
from embedded.system import Plan, System

STORAGE: Final = "CALLSCRIBE_STORAGE__"
UNLIMITED: Final = {"CALLSCRIBE_RATE_LIMIT": "0"}
"""All callers of a benchmark have one key."""


@contextmanager
def running_system(
    steps: Steps,
    *,
    models: tuple[str, ...] = ("scripted",),
    settings: Mapping[str, str] | None = None,
) -> Iterator[System]:
    """Serving, with empty tables, as `callscribe up` would on this machine."""
    environment = UNLIMITED | dict(settings or {})
    plan = Plan(models=models, with_flower=False, extra_environment=environment)
    with (
        tempfile.TemporaryDirectory(prefix="callscribe-bench-") as directory,
        System(plan, EmbeddedSettings(state_dir=Path(directory) / "state"), on_step=steps.begin) as system,
    ):
        yield system
        steps.begin("stopping everything")


def storage_of(stack: EmbeddedStack) -> ObjectStorage:
    """What a system's processes store into."""
    settings = {
        name.removeprefix(STORAGE).lower(): value
        for name, value in stack.environment.items()
        if name.startswith(STORAGE)
    }
    return ObjectStorage(StorageSettings.model_validate(settings))


def client_of(system: System) -> Client:
    return Client(Access(system.api_url, system.api_key))
