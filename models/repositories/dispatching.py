"""What there is to announce: at a glance first, since a dispatcher looks often and mostly finds little.

One dispatcher at a time decides; another that is awake leaves it to it.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Row, Select, Update
from sqlalchemy.orm import Session

from models.repositories import dispatch_statements
from models.states import Lane

ASSUMED_BATCH_CHUNKS: Final = 8
"""Size of a device batch while no worker has said what it takes."""


class Outlook(NamedTuple):
    """Where a closer look is worth it: what waits, and its hint is due."""

    mine: bool
    """Whether this transaction may dispatch, until it ends: one that hangs is thrown out by the server's
    time-outs."""
    live: bool
    bulk: bool
    finish: bool
    device_batches: bool
    deliveries: bool
    batches: bool
    """Of these, whether any waits; some may be for endpoints that have no room."""


class Hinted(NamedTuple):
    """A job for which a hint is to be sent; noted as sent."""

    id: uuid.UUID
    hints: int
    """How many of it were sent, this one included."""


class HintedBatch(NamedTuple):
    """The same of a device batch."""

    id: uuid.UUID
    hints: int
    model: str


class Crew(NamedTuple):
    """The workers of one model that are there."""

    devices: int = 1
    batch_chunks: int = ASSUMED_BATCH_CHUNKS
    """What the largest of them takes at once."""


class Demand(NamedTuple):
    """What waits for a model's devices, counted no further than they take at once."""

    suspects: int
    waiting: int
    announced: int
    """Device batches that are open."""


class Dispatching:
    def __init__(self, session: Session) -> None:
        self.session = session

    def outlook(self, *, window: int) -> Outlook:
        """Among the first `window` that wait of each kind."""
        return Outlook._make(self._rows(dispatch_statements.outlook(window))[0])

    def hint_for_preparation(self, lane: Lane, *, window: int) -> Sequence[Hinted]:
        """Jobs whose hint is due among the first `window` that wait, in fair order."""
        rows = self._rows(dispatch_statements.hint_for_preparation(lane, window))
        return [Hinted._make(row) for row in rows]

    def hint_for_finish(self, *, window: int) -> Sequence[Hinted]:
        """Jobs whose hint is due among the first `window` that wait to be finished."""
        return [Hinted._make(row) for row in self._rows(dispatch_statements.hint_for_finish(window))]

    def hint_again(self, *, limit: int) -> Sequence[HintedBatch]:
        """Open device batches whose hint brought nobody and is due again."""
        return [HintedBatch._make(row) for row in self._rows(dispatch_statements.hint_device_batches(limit))]

    def crews(self) -> dict[str, Crew]:
        """By model; of those that have one."""
        return {str(model): Crew._make(crew) for model, *crew in self._rows(dispatch_statements.CREWS)}

    def demand(self, model: str, crew: Crew) -> Demand:
        return Demand._make(self._rows(dispatch_statements.demand(*crew), of_model=model)[0])

    def _rows(
        self, statement: Select[*tuple[object, ...]] | Update, **parameters: object
    ) -> Sequence[Row[*tuple[object, ...]]]:
        return self.session.connection().execute(statement, parameters).all()
