"""What the API process holds from its start to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from api.idempotency import KeysInFlight
from api.jobs.endings import JobEndings
from api.limits.rates import RateLimits
from api.second_wall import walled
from api.settings import ApiSettings
from core.database import SessionFactory, engine_of, open_sessions
from core.errors import DatabaseUnavailable, StorageUnavailable
from core.gate import Gate
from core.storage import ObjectStorage


@dataclass(frozen=True, slots=True)
class Resources:
    settings: ApiSettings
    sessions: SessionFactory
    database_gate: Gate
    """Before what every request reads: while the database hangs, one of them waits and not all."""
    storage: ObjectStorage
    endings: JobEndings
    part_threads: ThreadPoolExecutor
    """They hash and send parts of uploads, so that no upload keeps other requests waiting."""
    upload_slots: asyncio.Semaphore
    keys_in_flight: KeysInFlight
    rate_limits: RateLimits
    probe_threads: ThreadPoolExecutor
    """For /readyz: a server that hangs may hold these, and no others."""


@contextmanager
def opened(settings: ApiSettings) -> Iterator[Resources]:
    """Everything is closed again in the end; nothing connects before it is used, but for the listener."""
    with ExitStack() as closing:
        sessions = walled(
            open_sessions(
                settings.database_url,
                process="api",
                pool_size=settings.api_threads,
                answer_within_s=settings.database_timeout.total_seconds(),
            )
        )
        closing.callback(engine_of(sessions).dispose)
        yield Resources(
            settings=settings,
            sessions=sessions,
            database_gate=Gate(DatabaseUnavailable),
            storage=ObjectStorage(settings.storage, gate=Gate(StorageUnavailable)),
            endings=closing.enter_context(JobEndings(settings.database_url)),
            part_threads=closing.enter_context(ThreadPoolExecutor(settings.uploads_at_once, "parts")),
            upload_slots=asyncio.Semaphore(settings.uploads_at_once),
            keys_in_flight=KeysInFlight(),
            rate_limits=RateLimits(settings.rate_limit, settings.rate_limit_url),
            probe_threads=closing.enter_context(ThreadPoolExecutor(4, "probes")),
        )
