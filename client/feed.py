"""The feed: everything that happened to one's jobs, in order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from client.answers import Answer, Metadata, Page
from client.transport import Transport

PAGE = "1000"


class Event(Answer):
    id: str
    """The `webhook-id` of its deliveries."""
    type: str
    timestamp: datetime
    data: Metadata


class Feed:
    """Iterating yields what happened after `cursor`, up to now; iterating again, what came since.

    Keep `cursor` once a loop has ended, and begin with it next time. It moves page by page, after all of
    a page was taken: whoever dies in between gets events again, and misses none.
    """

    def __init__(self, transport: Transport, after: str | None = None) -> None:
        self._transport = transport
        self.cursor = after

    def __iter__(self) -> Iterator[Event]:
        while True:
            place = {} if self.cursor is None else {"after": self.cursor}
            page = self._transport.get(Page[Event], "/v1/events", {"limit": PAGE, **place})
            yield from page.data
            self.cursor = page.next_cursor or self.cursor
            if not page.has_more:
                return
