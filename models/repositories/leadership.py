"""One process at a time does the slow upkeep, for as long as its connection lives."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, func, select

from core.database import SessionFactory, engine_of

UPKEEP_LOCK: Final = 0x75706B70
"""Key of the advisory lock; `upkp` in ASCII."""


class Leadership:
    """Postgres lets the lock go when the connection ends, however the process does. For one thread."""

    def __init__(self, sessions: SessionFactory) -> None:
        self._engine = engine_of(sessions)
        self._connection: Connection | None = None
        """Of its own, with nothing but the lock; None while another leads."""

    def is_mine(self) -> bool:
        """Raises `DatabaseUnavailable`; the lead is lost by then."""
        if self._connection is None:
            return self._try()
        try:
            self._connection.execute(select(1))
        except BaseException:
            self.resign()
            raise
        return True

    def resign(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _try(self) -> bool:
        # In no transaction, so that nothing is held up; out of the pool, so that closing it is its end.
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()
        if connection.execute(select(func.pg_try_advisory_lock(UPKEEP_LOCK))).scalar_one():
            self._connection = connection
            return True
        connection.close()
        return False
