"""When to try again: by our schedule, or when the receiver says so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

NOTHING = timedelta(0)


def pause_after(
    schedule: Sequence[timedelta], tries: int, *, jitter: float, chance: float
) -> timedelta | None:
    """Before the next attempt, when so many have failed; None if there is to be none.

    `chance`, from 0 to 1, chooses within the jitter, so that what failed together is not tried together.
    """
    if tries >= len(schedule):
        return None
    return schedule[tries] * (1 + jitter * (2 * chance - 1))


def asked_pause(retry_after: str | None, *, now: datetime, limit: timedelta) -> timedelta:
    """What a Retry-After asks for, in either of its forms and within reason; nothing if it is neither."""
    if retry_after is None:
        return NOTHING
    return max(NOTHING, min(_pause(retry_after.strip(), now), limit))


def _pause(retry_after: str, now: datetime) -> timedelta:
    if re.fullmatch(r"[0-9]{1,9}", retry_after):
        return timedelta(seconds=int(retry_after))
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return NOTHING
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
