"""For commands that look into the database themselves, on the servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from core.database import engine_of, open_sessions
from core.settings import CoreSettings


@contextmanager
def transaction(process: str) -> Iterator[Session]:
    """One, on a connection of its own."""
    sessions = open_sessions(CoreSettings().database_url, process=process, pool_size=1)
    try:
        with sessions.begin() as session:
            yield session
    finally:
        engine_of(sessions).dispose()
