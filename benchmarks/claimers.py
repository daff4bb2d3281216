"""Workers that do nothing but claim: each a process of its own, all begun at the same moment."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.synchronize import Barrier
from typing import Final

from pydantic import SecretStr

from core.database import SessionFactory, engine_of, open_sessions
from models.device_batch import DeviceBatch
from models.repositories.chunk_claims import Budget
from models.repositories.device_batches import DeviceBatchRepository

TTL: Final = timedelta(hours=1)
"""No claim comes back while the benchmark runs."""
WARM_UP: Final = 12
"""Claims of each process that are not timed: connecting, and the first plans before Postgres keeps one."""

_starting_line: Barrier


@dataclass(frozen=True, slots=True)
class Claims:
    """What one or all of the claimers took."""

    milliseconds: list[float]
    """Of each timed claim, from BEGIN to the answer to COMMIT, rows loaded."""
    sizes: list[int]
    chunk_ids: list[int]
    """Of the untimed claims too."""

    @property
    def doubled(self) -> int:
        """Chunks that were claimed more than once; there must be none."""
        return len(self.chunk_ids) - len(set(self.chunk_ids))


def claim_in_processes(
    database_url: SecretStr, *, model: str, budget: Budget, claimers: int, claims: int
) -> Claims:
    """At least this many timed claims altogether, from so many processes at once."""
    context = multiprocessing.get_context("spawn")
    each = -(-claims // claimers)
    with ProcessPoolExecutor(
        claimers, mp_context=context, initializer=_line_up, initargs=(context.Barrier(claimers),)
    ) as processes:
        runs = [
            processes.submit(claim_repeatedly, database_url, model, budget, each) for _ in range(claimers)
        ]
        return joined([run.result() for run in runs])


def joined(parts: Sequence[Claims]) -> Claims:
    return Claims(
        milliseconds=[value for part in parts for value in part.milliseconds],
        sizes=[value for part in parts for value in part.sizes],
        chunk_ids=[value for part in parts for value in part.chunk_ids],
    )


def claim_repeatedly(database_url: SecretStr, model: str, budget: Budget, claims: int) -> Claims:
    """One claim after the other, as a worker whose engine takes no time."""
    sessions = open_sessions(database_url, process="benchmark", pool_size=1)
    made = Claims([], [], [])
    for _ in range(WARM_UP):
        _claim(sessions, model, budget, made)
    made = Claims([], [], made.chunk_ids)
    _starting_line.wait()
    for _ in range(claims):
        _claim(sessions, model, budget, made)
    engine_of(sessions).dispose()
    return made


def _line_up(barrier: Barrier) -> None:
    global _starting_line  # noqa: PLW0603 - a barrier reaches a process only when it starts
    _starting_line = barrier


def _claim(sessions: SessionFactory, model: str, budget: Budget, made: Claims) -> None:
    batch_id = _announced(sessions, model).id
    begin = time.perf_counter()
    with sessions.begin() as session:
        _, chunks = DeviceBatchRepository(session).start(batch_id, worker="benchmark", budget=budget, ttl=TTL)
    made.milliseconds.append(1000 * (time.perf_counter() - begin))
    made.sizes.append(len(chunks))
    made.chunk_ids.extend(chunk.id for chunk in chunks)


def _announced(sessions: SessionFactory, model: str) -> DeviceBatch:
    """The dispatcher does this ahead of time, in a transaction of its own."""
    with sessions.begin() as session:
        return DeviceBatchRepository(session).open(model)
