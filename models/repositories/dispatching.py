"""One dispatcher at a time decides what to announce; another that is awake leaves it to it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

DISPATCH_LOCK: Final = 0x64697370
"""Key of the advisory lock; `disp` in ASCII."""


def may_dispatch(session: Session) -> bool:
    """Held until the transaction ends, so a dispatcher that hangs is thrown out by the server's time-outs."""
    mine: bool = session.execute(select(func.pg_try_advisory_xact_lock(DISPATCH_LOCK))).scalar_one()
    return mine
