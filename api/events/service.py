"""The feed of events. One transaction, which holds up whoever announces an event to the same owner."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from api import paging
from api.events.schemas import EventPage, EventQuery, EventRead
from models.event_content import event_content
from models.repositories.events import EventRepository


def page(session: Session, query: EventQuery, *, owner_id: uuid.UUID) -> EventPage:
    after = paging.number_of(query.after) if query.after else 0
    # One more than asked for tells whether there is another page.
    found = EventRepository(session).feed(owner_id, after=after, limit=query.limit + 1)
    shown = found[: query.limit]
    return EventPage(
        data=[EventRead.model_validate({"id": event.id, **event_content(event)}) for event in shown],
        has_more=len(found) > len(shown),
        next_cursor=paging.cursor_at(shown[-1].sequence) if shown else query.after,
    )
