"""Connections to Postgres: how they are opened, and what their failures are called here."""

from __future__ import annotations

import logging
import time
from math import ceil
from typing import Any, Final, TypeAlias, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import DeadlockDetected, LockNotAvailable, QueryCanceled, SerializationFailure
from pydantic import SecretStr
from sqlalchemy import Engine, ExceptionContext, NullPool, create_engine, event
from sqlalchemy.exc import InterfaceError, InvalidatePoolError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from core.database_address import driver_url, reason_of, with_options
from core.errors import DatabaseUnavailable

logger = logging.getLogger(__name__)

SessionFactory: TypeAlias = sessionmaker[Session]

WORK_CHANNEL: Final = "callscribe_work"
"""NOTIFY channel: something became claimable; the dispatcher listens."""
JOBS_CHANNEL: Final = "callscribe_jobs"
"""NOTIFY channel: a job reached a final state; the payload is its id."""

# A claim takes under 10 ms; whatever holds a lock for seconds is broken and must let go by itself,
# since one old transaction bloats every SKIP LOCKED queue of the server.
SESSION_OPTIONS: Final = (
    "-c statement_timeout=10000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=30000 "
    # And the server notices a process that vanished without a FIN, whose locks it would keep else.
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
)
LONG_OPTIONS: Final = (
    "-c statement_timeout=0 -c lock_timeout=60000 -c idle_in_transaction_session_timeout=0 "
    "-c TimeZone=UTC -c DateStyle=ISO,MDY -c IntervalStyle=postgres -c bytea_output=hex "
    "-c extra_float_digits=1"
)
ANSWER_WITHIN_S: Final = 12.0
"""Above the server's own limit on a statement: one that still says nothing then is not there any more."""
CONNECT_WITHIN_S: Final = 5
TRUSTED_FOR_S: Final = 1.0
"""How long after its last answer a connection is used without being asked whether it still lives, which
takes as long as a short transaction."""

Answer = TypeVar("Answer")

_RETRYABLE = (DeadlockDetected, LockNotAvailable, QueryCanceled, SerializationFailure)


class BoundedConnection(psycopg.Connection[Any]):
    """Does not wait for ever for an answer.

    TCP's own time-outs do not see a peer that hangs while something in between acknowledges for it:
    a proxy, a pooler, a firewall that has lost its state, a server that was stopped.
    """

    answer_within_s = ANSWER_WITHIN_S
    answered_at = 0.0
    """By the monotonic clock."""

    def wait(self, gen: PQGen[Answer], interval: float = 0.1, timeout: float | None = None) -> Answer:
        """Raises psycopg's `OperationalError`; the connection is closed by then."""
        if timeout is not None:
            # Whoever says so waits for what may never come: a notice.
            return super().wait(gen, interval, timeout)
        begin = time.monotonic()
        try:
            answer = super().wait(gen, interval, self.answer_within_s)
        except psycopg.OperationalError:
            if time.monotonic() - begin >= self.answer_within_s:
                # What would be read next may be the answer to this.
                self.close()
            raise
        self.answered_at = time.monotonic()
        return answer


def open_sessions(
    database_url: SecretStr,
    *,
    process: str,
    pool_size: int = 5,
    answer_within_s: float = ANSWER_WITHIN_S,
    trusted_for_s: float = TRUSTED_FOR_S,
) -> SessionFactory:
    """Sessions whose connection failures arrive as `DatabaseUnavailable`; nothing connects yet."""
    engine = create_engine(
        driver_url(database_url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        connect_args={
            "options": with_options(database_url, SESSION_OPTIONS),
            # libpq knows whole seconds, and no less than two.
            "connect_timeout": min(CONNECT_WITHIN_S, ceil(answer_within_s)),
            "application_name": f"callscribe {process}",
            # A peer that vanished without a FIN is noticed within about 30 s.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 30_000,
        },
    )

    def connect(_dialect: object, _record: object, arguments: list[str], options: dict[str, Any]) -> object:
        connection = BoundedConnection.connect(*arguments, **options)
        connection.answer_within_s = answer_within_s
        connection.answered_at = time.monotonic()
        return connection

    def ask_if_it_waited(connection: BoundedConnection, _record: object, _proxy: object) -> None:
        """The pool makes another one of a connection that does not answer."""
        if time.monotonic() - connection.answered_at < trusted_for_s:
            return
        try:
            connection.execute("SELECT 1")
            connection.rollback()
        except psycopg.Error as error:
            raise InvalidatePoolError from error

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "checkout", ask_if_it_waited)
    event.listen(engine, "handle_error", name_the_failure)
    return sessionmaker(engine, expire_on_commit=False)


def open_for_long(database_url: SecretStr, *, process: str) -> Engine:
    """Connections, each of its own, that may stay in one transaction for hours.

    Values turn into text in one way on every server, whatever its settings say.
    """
    engine = create_engine(
        driver_url(database_url),
        poolclass=NullPool,
        connect_args={
            "options": with_options(database_url, LONG_OPTIONS),
            "connect_timeout": CONNECT_WITHIN_S,
            "application_name": f"callscribe {process}",
        },
    )
    event.listen(engine, "handle_error", name_the_failure)
    return engine


def engine_of(sessions: SessionFactory) -> Engine:
    """The pool behind these sessions."""
    bind = sessions.kw["bind"]
    if not isinstance(bind, Engine):
        raise TypeError("The session factory is not bound to an engine.")
    return bind


def name_the_failure(context: ExceptionContext) -> None:
    """For SQLAlchemy's `handle_error`. Callers are told no more than the name; the log has the reason."""
    if context.connection is None:
        facts = {"reason": reason_of(context.original_exception)}
        logger.warning("no connection to the database", extra=facts)
    lost = isinstance(context.sqlalchemy_exception, OperationalError | InterfaceError)
    if lost or isinstance(context.original_exception, _RETRYABLE):
        raise DatabaseUnavailable from context.original_exception
