"""Which objects in storage the rows name: what a backup takes, and a restored bucket must have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import CompoundSelect, Connection, false, func, select, true, union_all

from models.recording import Recording
from models.repositories.stored_objects import CHANNELS, RECORDINGS, SOURCES, UPLOADS

PAGE: Final = 1_000

Keys = CompoundSelect[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class NamedObject:
    key: str
    is_due: bool
    """It must be there. What is yet to be put or fetched need not."""


class NamedObjects:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> Iterator[NamedObject]:
        """A page of rows at a time, whatever their number."""
        named = _keys().subquery()
        key, is_due = named.c[0], named.c[1]
        query = select(key, func.bool_or(is_due)).group_by(key).order_by(key)
        rows = self._connection.execute(query, execution_options={"yield_per": PAGE})
        return (NamedObject(key=row[0], is_due=row[1]) for row in rows)

    def among(self, keys: Sequence[str]) -> set[str]:
        """Those of these that some row names."""
        named = _keys().subquery()
        return set(self._connection.execute(select(named.c[0]).where(named.c[0].in_(keys))).scalars())


def _keys() -> Keys:
    """Of each: its key, and whether it is due."""
    return union_all(
        RECORDINGS.add_columns(Recording.source_url.is_(None)),
        CHANNELS.add_columns(true()),
        # Nobody but its caller knows whether anything was put there yet.
        UPLOADS.add_columns(false()),
        SOURCES.add_columns(true()),
    )
