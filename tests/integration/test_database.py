"""A database that is connected and says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pydantic import SecretStr
from sqlalchemy import make_url, text

from chaos.proxy import LOOPBACK, FaultProxy
from core.database import SessionFactory, engine_of, open_sessions
from core.errors import DatabaseUnavailable

ANSWER_WITHIN_S = 0.5


@dataclass(frozen=True, slots=True)
class Detour:
    """Sessions whose connections go through a proxy."""

    proxy: FaultProxy
    sessions: SessionFactory

    def ask(self) -> int:
        with self.sessions.begin() as session:
            answer: int = session.execute(text("SELECT 42")).scalar_one()
        return answer


@pytest.fixture
def detour(database_url: SecretStr) -> Iterator[Detour]:
    url = make_url(database_url.get_secret_value())
    with FaultProxy(url.port or 0) as proxy:
        through = url.set(host=LOOPBACK, port=proxy.port).render_as_string(hide_password=False)
        sessions = open_sessions(
            SecretStr(through), process="tests", answer_within_s=ANSWER_WITHIN_S, trusted_for_s=0.0
        )
        yield Detour(proxy, sessions)
        engine_of(sessions).dispose()


def end(sessions: SessionFactory, pid: int) -> None:
    """A backend, as a restart of Postgres does."""
    with sessions.begin() as session:
        session.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


def ask_twice(detour: Detour, *, before_commit: bool) -> None:
    """The database falls silent before the second question, or before COMMIT."""
    with detour.sessions.begin() as session:
        session.execute(text("SELECT 1"))
        detour.proxy.swallow()
        if not before_commit:
            session.execute(text("SELECT 2"))


class TestSilence:
    @pytest.mark.parametrize("before_commit", [False, True])
    def test_in_the_middle_of_a_transaction_is_named(self, detour: Detour, before_commit: bool) -> None:
        with pytest.raises(DatabaseUnavailable):
            ask_twice(detour, before_commit=before_commit)

    def test_on_a_connection_that_waited_is_nobodys_trouble(self, detour: Detour) -> None:
        detour.ask()
        detour.proxy.swallow()

        assert detour.ask() == 42

    def test_of_new_connections_is_named_and_over_when_there_are_answers(self, detour: Detour) -> None:
        detour.proxy.swallow(new_ones=True)
        with pytest.raises(DatabaseUnavailable):
            detour.ask()

        detour.proxy.heal()

        assert detour.ask() == 42


def pid_of(sessions: SessionFactory) -> int:
    """Whose connection the next transaction gets."""
    with sessions.begin() as session:
        pid: int = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    return pid


class TestConnectionThatWaited:
    def test_is_replaced_when_its_server_has_ended(
        self, sessions: SessionFactory, database_url: SecretStr
    ) -> None:
        waiting = open_sessions(database_url, process="tests", trusted_for_s=0.0)
        before = pid_of(waiting)
        end(sessions, before)

        assert pid_of(waiting) != before
        engine_of(waiting).dispose()

    def test_is_not_asked_when_it_has_just_answered(
        self, sessions: SessionFactory, database_url: SecretStr
    ) -> None:
        waiting = open_sessions(database_url, process="tests", trusted_for_s=3600.0)
        end(sessions, pid_of(waiting))

        with pytest.raises(DatabaseUnavailable):
            pid_of(waiting)
        assert pid_of(waiting)
        engine_of(waiting).dispose()
