"""SQL on what owners do not want kept any longer."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.job import Job
from models.owner import Owner
from models.recording import Recording

DAY_S: Final = 86_400
FOREVER_DAYS: Final = 36_525
"""A hundred years; what is longer has no place in an interval."""


@dataclass(frozen=True, slots=True)
class PastCall:
    """One that is over for longer than its owner wants it kept."""

    job_id: uuid.UUID
    owner_id: uuid.UUID
    recording_key: str


class Retention:
    """The time of an owner without a policy is `default`; None keeps for ever."""

    def __init__(self, session: Session, *, default: timedelta | None) -> None:
        self.session = session
        self._default_days = None if default is None else default.total_seconds() / DAY_S

    def past_audio(self, *, limit: int) -> Sequence[PastCall]:
        """Calls whose audio has had its time: of each owner the oldest first."""
        return self._past(Owner.keep_audio_days, Job.audio_erased_at.is_(None), limit=limit)

    def past_transcripts(self, *, limit: int) -> Sequence[PastCall]:
        """Calls of which nothing is to stay."""
        return self._past(Owner.keep_transcripts_days, Job.erased_at.is_(None), limit=limit)

    def _past(
        self,
        policy: InstrumentedAttribute[float | None],
        is_there: ColumnElement[bool],
        *,
        limit: int,
    ) -> Sequence[PastCall]:
        days = func.least(func.coalesce(policy, self._default_days), FOREVER_DAYS)
        # The statement's time, not the clock's, which no index could be asked for.
        last = func.statement_timestamp() - func.make_interval(0, 0, 0, 0, 0, 0, days * DAY_S)
        oldest = (
            select(Job.id, Job.recording_id)
            .where(Job.owner_id == Owner.id, is_there, Job.finished_at <= last)
            .order_by(Job.finished_at)
            .limit(limit)
            .lateral()
        )
        query = (
            select(oldest.c.id, Owner.id, Recording.object_key)
            .select_from(Owner)
            .join(oldest, true())
            .join(Recording, Recording.id == oldest.c.recording_id)
            .limit(limit)
        )
        return [PastCall(*row) for row in self.session.execute(query)]
