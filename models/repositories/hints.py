"""When a hint is due: at once, then again with growing pauses until somebody claims the row."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, cast, func, or_
from sqlalchemy.dialects.postgresql import INTERVAL
from sqlalchemy.orm import InstrumentedAttribute

RESEND_LIMIT: Final = timedelta(seconds=60)
"""A hint that brought nobody is sent again after 2, 4, 8, ... and at most this many seconds."""


def is_due(
    hinted_at: InstrumentedAttribute[datetime | None] | ColumnElement[datetime | None],
    hints: InstrumentedAttribute[int] | ColumnElement[int],
) -> ColumnElement[bool]:
    doubling = func.pow(2.0, func.least(hints, 16)) * cast("1 second", INTERVAL)
    pause = func.least(doubling, cast(f"{RESEND_LIMIT.total_seconds()} seconds", INTERVAL))
    return or_(hinted_at.is_(None), hinted_at < func.clock_timestamp() - pause)
