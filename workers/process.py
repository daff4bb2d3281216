"""What a worker process holds for its whole life."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from core.database import SessionFactory, open_sessions
from core.outbound.resolving import Resolver, resolve
from core.storage import ObjectStorage
from workers.preparation.decoder.nursery import Nursery
from workers.settings import WorkerSettings


@dataclass(frozen=True, slots=True)
class Process:
    settings: WorkerSettings
    sessions: SessionFactory
    storage: ObjectStorage
    nursery: Nursery = field(default_factory=Nursery)
    """Starts nothing until a recording is prepared."""
    resolver: Resolver = resolve
    """Of names that callers give."""


@cache
def this_process() -> Process:
    """Opened at first use, which is after the fork: connections must not be shared with a parent."""
    settings = WorkerSettings()
    return Process(
        settings=settings,
        sessions=open_sessions(settings.database_url, process="worker"),
        storage=ObjectStorage(settings.storage),
    )
