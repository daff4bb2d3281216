"""SQL on the workers that say they live."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.worker import Worker

PRESENT_FOR: Final = timedelta(seconds=60)
"""How long after its last sign a worker still counts."""
IS_PRESENT: Final = Worker.seen_at > func.clock_timestamp() - PRESENT_FOR


class WorkerRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def beat(self, worker: Worker) -> None:
        """Say that this worker lives; what it can take may have changed since the last time."""
        columns = {
            "model": worker.model,
            "engine_version": worker.engine_version,
            "device": worker.device,
            "dtype": worker.dtype,
            "max_batch_ms": worker.max_batch_ms,
            "max_batch_chunks": worker.max_batch_chunks,
            "seen_at": func.clock_timestamp(),
        }
        row = insert(Worker).values(name=worker.name, **columns)
        self.session.execute(row.on_conflict_do_update(index_elements=[Worker.name], set_=columns))

    def leave(self, name: str) -> None:
        self.session.execute(delete(Worker).where(Worker.name == name))

    def present(self) -> Sequence[Worker]:
        query = select(Worker).where(IS_PRESENT)
        return self.session.scalars(query.order_by(Worker.name)).all()
