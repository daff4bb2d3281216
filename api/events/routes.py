"""/v1/events"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import DbSession, Watcher
from api.events import service
from api.events.schemas import EventPage, EventQuery
from api.responses import problems_of

router = APIRouter(prefix="/v1/events", tags=["events"])


@router.get("", responses=problems_of())
def list_events(query: Annotated[EventQuery, Query()], owner_id: Watcher, session: DbSession) -> EventPage:
    """What happened after a place that an earlier answer gave, oldest first."""
    return service.page(session, query, owner_id=owner_id)
