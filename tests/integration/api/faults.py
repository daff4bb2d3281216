"""Failures that come at the worst moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from core.database import SessionFactory


@contextmanager
def failing_commits(sessions: SessionFactory, statement: str) -> Iterator[None]:
    """Jobs can be written, and the failure comes with COMMIT."""
    with sessions.begin() as session:
        session.execute(
            text(
                "CREATE FUNCTION fail_at_commit() RETURNS trigger LANGUAGE plpgsql AS "
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
