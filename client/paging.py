"""Lists that come page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from client.answers import Answer, Page
from client.transport import NOTHING, Query, Transport

Entry = TypeVar("Entry", bound=Answer)


def each_of(
    transport: Transport, kind: type[Page[Entry]], path: str, query: Query = NOTHING
) -> Iterator[Entry]:
    """All there are, asked for when they are wanted: whoever stops early asks for no more pages."""
    place: dict[str, str] = {}
    while True:
        page = transport.get(kind, path, {**query, **place})
        yield from page.data
        if not page.has_more or page.next_cursor is None:
            return
        place = {"cursor": page.next_cursor}
