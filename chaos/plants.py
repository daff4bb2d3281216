"""Bugs to plant, so that it can be seen that a run finds them."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from models import Chunk, ChunkState, DeviceBatch, DeviceBatchState, Hypothesis
from models.repositories.chunks import UNHEARD, ChunkRepository
from models.repositories.device_batches import DeviceBatchRepository

NEVER_COMMITTED: Final = 0.1
"""Share of the transactions of an API that answers early."""


class Plant(StrEnum):
    NO_FENCE = "no-fence"
    """A worker may write what it heard under any lease."""
    NO_LEASE = "no-lease"
    """The reaper takes back what is leased, whether its time is over or not."""
    EARLY_ANSWER = "early-answer"
    """The API answers before COMMIT, which then does not always come."""


def plant(bug: Plant) -> None:
    """For the rest of this process' life."""
    PLANTERS[bug]()


def _no_fence() -> None:
    def renew(self: DeviceBatchRepository, batch_id: uuid.UUID, *, attempt: int, ttl: timedelta) -> None:
        """Never says that the lease is lost."""

    def held(self: DeviceBatchRepository, batch_id: uuid.UUID, *, attempt: int) -> DeviceBatch:
        return self.session.scalars(
            select(DeviceBatch).where(DeviceBatch.id == batch_id).with_for_update()
        ).one()

    def store(self: ChunkRepository, batch: DeviceBatch, hypotheses: Sequence[Hypothesis]) -> list[uuid.UUID]:
        unheard = update(Chunk).where(
            Chunk.id.in_([each.chunk_id for each in hypotheses]), Chunk.state.in_(UNHEARD)
        )
        done = unheard.values(state=ChunkState.DONE, lease_expires_at=None).returning(Chunk.job_id)
        wanted = self.session.scalars(done.execution_options(synchronize_session=False)).all()
        for hypothesis in hypotheses:
            # In place of what another attempt has written.
            self.session.merge(hypothesis)
        self.session.flush()
        return list(wanted)

    def jobs_in(self: ChunkRepository, batch: DeviceBatch) -> Sequence[uuid.UUID]:
        """Those of all chunks that it ever held: the others are needed to count."""
        return self.session.scalars(select(Chunk.job_id).distinct()).all()

    finish = DeviceBatch.finish

    def finish_any(self: DeviceBatch, *, late_count: int, at: datetime) -> None:
        if self.state is DeviceBatchState.RUNNING:
            finish(self, late_count=late_count, at=at)

    _replace(DeviceBatchRepository, renew=renew, held=held)
    _replace(ChunkRepository, store=store, jobs_in=jobs_in)
    _replace(DeviceBatch, finish=finish_any)


def _no_lease() -> None:
    def expired(self: DeviceBatchRepository, *, limit: int) -> Sequence[DeviceBatch]:
        running = select(DeviceBatch).where(DeviceBatch.state == DeviceBatchState.RUNNING).limit(limit)
        return self.session.scalars(running.with_for_update(skip_locked=True)).all()

    _replace(DeviceBatchRepository, expired=expired)


def _early_answer() -> None:
    chance = random.Random(0)  # noqa: S311 - no secret
    commit: Callable[[PGDialect_psycopg, Any], None] = PGDialect_psycopg.do_commit

    def do_commit(self: PGDialect_psycopg, connection: Any) -> None:
        if chance.random() < NEVER_COMMITTED:
            connection.rollback()
        else:
            commit(self, connection)

    _replace(PGDialect_psycopg, do_commit=do_commit)


def _replace(owner: type, **methods: Callable[..., object]) -> None:
    for name, method in methods.items():
        setattr(owner, name, method)


PLANTERS: Final[Mapping[Plant, Callable[[], None]]] = {
    Plant.NO_FENCE: _no_fence,
    Plant.NO_LEASE: _no_lease,
    Plant.EARLY_ANSWER: _early_answer,
}
