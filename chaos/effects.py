"""Where a process changes the world outside itself, and how to get in between.

A crash between two effects is the same as one right after the first or right before the second. So the
moments before and after each effect are all the moments there are to crash at.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final, Protocol

import psycopg
from botocore.client import BaseClient
from botocore.exceptions import EndpointConnectionError
from kombu.exceptions import OperationalError
from kombu.messaging import Producer
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg


class Effect(StrEnum):
    COMMIT = "commit"
    """A transaction of Postgres, also one that only read."""
    STORE = "store"
    """An object, or a part of one, is written or removed."""
    PUBLISH = "publish"
    """A message goes to the broker."""


REASON: Final = "chaos: the answer was lost"
STORING: Final = frozenset(
    {
        "PutObject",
        "CopyObject",
        "CreateMultipartUpload",
        "UploadPart",
        "CompleteMultipartUpload",
        "AbortMultipartUpload",
        "DeleteObject",
        "DeleteObjects",
    }
)


class Interference(Protocol):
    """Called around each effect. `after` may say that it failed although it is done."""

    def before(self, effect: Effect) -> None: ...

    def after(self, effect: Effect) -> bool: ...


def install(interference: Interference) -> None:
    """For the rest of this process' life and that of its forks."""
    _wrap(PGDialect_psycopg, "do_commit", lambda _: Effect.COMMIT, interference)
    _wrap(BaseClient, "_make_api_call", _stored, interference)
    _wrap(Producer, "publish", lambda _: Effect.PUBLISH, interference)


def _stored(arguments: tuple[Any, ...]) -> Effect | None:
    return Effect.STORE if arguments[0] in STORING else None


def _wrap(
    owner: type, name: str, effect_of: Callable[[tuple[Any, ...]], Effect | None], interference: Interference
) -> None:
    real = getattr(owner, name)

    @functools.wraps(real)
    def interfered(self: object, *arguments: Any, **options: Any) -> Any:
        effect = effect_of(arguments)
        if effect is None:
            return real(self, *arguments, **options)
        interference.before(effect)
        done = real(self, *arguments, **options)
        if interference.after(effect):
            raise _failed(effect)
        return done

    setattr(owner, name, interfered)


def _failed(effect: Effect) -> Exception:
    """As the library of each effect says it."""
    match effect:
        case Effect.COMMIT:
            return psycopg.OperationalError(REASON)
        case Effect.STORE:
            return EndpointConnectionError(endpoint_url=REASON)
        case Effect.PUBLISH:
            return OperationalError(REASON)
