"""SQL on the workers that prepare recordings."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.prepare_worker import PrepareWorker
from models.repositories.workers import PRESENT_FOR


class PrepareWorkerRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def beat(self, name: str, *, missing_walls: Collection[str]) -> None:
        """Say that this worker lives."""
        columns = {"missing_walls": sorted(missing_walls), "seen_at": func.clock_timestamp()}
        row = insert(PrepareWorker).values(name=name, **columns)
        self.session.execute(row.on_conflict_do_update(index_elements=[PrepareWorker.name], set_=columns))

    def present(self) -> Sequence[PrepareWorker]:
        query = select(PrepareWorker).where(PrepareWorker.seen_at > func.clock_timestamp() - PRESENT_FOR)
        return self.session.scalars(query.order_by(PrepareWorker.name)).all()
