"""LISTEN: what other processes announce through Postgres, as it comes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from threading import Event
from typing import Final

import psycopg
from psycopg import sql
from pydantic import SecretStr

from core.database_address import parameters_of, reason_of

logger = logging.getLogger(__name__)

LOOK_UP: Final = 0.5
"""Seconds between two looks at whether to stop."""
RECONNECT_AFTER: Final = 1.0


def notices(database_url: SecretStr, channel: str, *, process: str, stop: Event) -> Iterator[str | None]:
    """Payloads until told to stop, over as many connections as it takes.

    None comes after each connection is made: whatever was announced before it was not heard.
    """
    while not stop.is_set():
        try:
            yield from _heard_on_one_connection(database_url, channel, process=process, stop=stop)
        except psycopg.OperationalError as error:
            facts = {"channel": channel, "reason": reason_of(error)}
            logger.warning("listening was interrupted", extra=facts)
            stop.wait(RECONNECT_AFTER)


def _heard_on_one_connection(
    database_url: SecretStr, channel: str, *, process: str, stop: Event
) -> Iterator[str | None]:
    arguments = {
        **parameters_of(database_url),
        "connect_timeout": 5,
        "application_name": f"callscribe {process} listening",
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }
    with psycopg.connect(**arguments, autocommit=True) as connection:
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        yield None
        while not stop.is_set():
            for notice in connection.notifies(timeout=LOOK_UP):
                yield notice.payload
