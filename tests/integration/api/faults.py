"""Failures that come at the worst moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event, text
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from core.database import SessionFactory
from core.errors import DatabaseUnavailable
from models.job import Job
from tests.integration.api.conftest import resources_of


@contextmanager
def failing_commits(sessions: SessionFactory, statement: str) -> Iterator[None]:
    """Jobs can be written, and the failure comes with COMMIT."""
    with sessions.begin() as session:
        session.execute(
            text(
                "CREATE FUNCTION fail_at_commit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS "
                f"$$ BEGIN {statement}; RETURN NULL; END $$"
            )
        )
        session.execute(
            text(
                "CREATE CONSTRAINT TRIGGER fail_at_commit AFTER INSERT OR UPDATE ON jobs "
                "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail_at_commit()"
            )
        )
    try:
        yield
    finally:
        with sessions.begin() as session:
            session.execute(text("DROP TRIGGER fail_at_commit ON jobs"))
            session.execute(text("DROP FUNCTION fail_at_commit()"))


class LostAnswers:
    """A database that commits a job and then is not heard of any more."""

    def __init__(self, client: TestClient, *, stays_away: bool) -> None:
        self.stays_away = stays_away
        self.is_lost = False
        """From the first commit of a job on; it may be found again."""
        sessions = resources_of(client).sessions
        event.listen(sessions, "do_orm_execute", self._refuse)
        event.listen(sessions, "after_flush", self._note_submission)
        event.listen(sessions, "after_commit", self._lose)

    def _note_submission(self, session: Session, _context: object) -> None:
        session.info["submits"] = session.info.get("submits", False) or any(
            isinstance(row, Job) for row in session.new
        )

    def _lose(self, session: Session) -> None:
        if session.info.get("submits"):
            self.is_lost = True
            raise DatabaseUnavailable

    def _refuse(self, _state: object) -> None:
        if self.is_lost and self.stays_away:
            raise DatabaseUnavailable
