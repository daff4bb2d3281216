"""SQL behind the stride tags of models/fairness.py."""

from __future__ import annotations

import uuid
from itertools import accumulate

from sqlalchemy import CTE, ColumnElement, Update, func, literal, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.fairness import FairClock, FairShare
from models.owner import Owner
from models.states import Lane


def preparation_queue(lane: Lane) -> str:
    return f"prepare/{lane}"


def transcription_queue(model: str, lane: Lane) -> str:
    return f"transcribe/{model}/{lane}"


def queue_of_transcription(model: ColumnElement[str], lane: ColumnElement[Lane]) -> ColumnElement[str]:
    """The same, put together by Postgres."""
    return func.concat(literal_column("'transcribe/'"), model, literal_column("'/'"), lane)


class FairnessRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def tags(self, queue: str, *, owner_id: uuid.UUID, costs: list[float]) -> list[float]:
        """A virtual finish time for each piece of work, in order; costs are seconds of audio."""
        weight = self.session.scalars(select(Owner.weight).where(Owner.id == owner_id)).one()
        steps = [cost / weight for cost in costs]
        total = sum(steps)
        now_vft = func.coalesce(
            select(FairClock.now_vft).where(FairClock.queue == queue).scalar_subquery(), 0.0
        )
        share = insert(FairShare).values(owner_id=owner_id, queue=queue, last_vft=now_vft + total)
        share = share.on_conflict_do_update(
            index_elements=[FairShare.owner_id, FairShare.queue],
            set_={"last_vft": func.greatest(FairShare.last_vft, now_vft) + total},
        )
        end = self.session.execute(share.returning(FairShare.last_vft)).scalar_one()
        return [end - total + upto for upto in accumulate(steps)]

    def advance(self, queue: str, vft: float) -> None:
        """Work with this tag is being served: nobody newcome may be tagged before it."""
        served = select(literal(queue).label("queue"), literal(vft).label("vft")).cte("served")
        self.session.execute(advancing(served).execution_options(synchronize_session=False))


def advancing(served: CTE) -> Update:
    """Sets a fair clock on, never back, and waits for nobody; `served` has its `queue` and the `vft`.

    Whoever holds its row is setting it on too, and holds it until its transaction ends: workers
    that claim at the same time would else stand in a line.
    """
    first = insert(FairClock).from_select(["queue", "now_vft"], select(served.c.queue, served.c.vft))
    free = (
        select(FairClock.queue, served.c.vft)
        .join(served, FairClock.queue == served.c.queue)
        .where(FairClock.now_vft < served.c.vft)
        .with_for_update(of=FairClock, skip_locked=True)
        .cte("free_clock")
    )
    forward = update(FairClock).where(FairClock.queue == free.c.queue).values(now_vft=free.c.vft)
    return forward.add_cte(first.on_conflict_do_nothing().cte("first_clock"))
