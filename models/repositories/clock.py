"""The one clock: Postgres'. Workers' clocks differ, leases must not."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session


def now(session: Session) -> datetime:
    """The time of this call, not of the transaction's start."""
    time: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return time
