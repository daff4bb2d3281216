"""The second wall between owners: Postgres itself shows a request the rows of its owner only.

The first is that every query names the owner. A query that forgot it would find nothing of others here.
"""

from __future__ import annotations

from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from api.acting import ACTING
from core.database import SessionFactory
from models.repositories import row_security


def walled(sessions: SessionFactory) -> SessionFactory:
    """From here on, each transaction of a request whose key was checked has this wall around it."""
    event.listen(sessions, "after_begin", _confine_to_owner)
    return sessions


def _confine_to_owner(_session: Session, _transaction: object, connection: Connection) -> None:
    actor = ACTING.get(None)
    if actor is not None:
        row_security.confine(connection, actor.owner_id)
