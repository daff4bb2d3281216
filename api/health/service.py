"""What must answer before requests can be served. The broker is not among it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Final

from api.health.schemas import Decoders
from api.problems import ProblemPart
from api.resources import Resources
from core.database import SessionFactory
from core.errors import DatabaseUnavailable, StorageUnavailable, TransientError
from models.repositories import clock
from models.repositories.prepare_workers import PrepareWorkerRepository

PATIENCE: Final = 3.0
"""Seconds; what answers later is no better than what does not."""


async def away(resources: Resources) -> list[ProblemPart]:
    """What does not answer, both asked at once; empty when all is well."""
    threads = resources.probe_threads
    findings = await asyncio.gather(
        _ask(threads, "database", partial(_ask_database, resources.sessions), DatabaseUnavailable.code),
        _ask(threads, "storage", resources.storage.ping, StorageUnavailable.code),
    )
    return [finding for finding in findings if finding is not None]


async def _ask(threads: Executor, name: str, ask: Callable[[], None], code: str) -> ProblemPart | None:
    try:
        await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(threads, ask), PATIENCE)
    except TransientError as error:
        return ProblemPart(pointer=f"/{name}", code=code, detail=str(error))
    except TimeoutError:
        return ProblemPart(pointer=f"/{name}", code=code, detail=f"No answer within {PATIENCE:.0f} s.")
    return None


def _ask_database(sessions: SessionFactory) -> None:
    with sessions.begin() as session:
        clock.now(session)


async def decoders(resources: Resources) -> Decoders:
    """Raises `DatabaseUnavailable`."""
    asked = asyncio.get_running_loop().run_in_executor(resources.probe_threads, _decoders, resources.sessions)
    return await asked


def _decoders(sessions: SessionFactory) -> Decoders:
    with sessions.begin() as session:
        workers = PrepareWorkerRepository(session).present()
    missing = {wall for worker in workers for wall in worker.missing_walls}
    return Decoders(workers=len(workers), missing_walls=sorted(missing))
