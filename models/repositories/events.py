"""SQL on events: announcing them, and reading them in the order in which they were committed.

Sequence numbers are drawn before the commit, so a later one may be seen first, and whoever reads
on from there never sees the other. Therefore an event is announced under a shared lock on its
owner, taken before the number is drawn, and the feed is read under the exclusive one: it waits
until everyone who has drawn a number is done, and nobody draws one meanwhile.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import Text, Uuid, and_, any_, bindparam, case, func, insert, literal, or_, select
from sqlalchemy.orm import Session

from models.delivery import Delivery
from models.event import Event
from models.repositories import notices
from models.states import DeliveryState
from models.webhook_endpoint import WebhookEndpoint

OWNERS_LOCK: Final = 0x65766E74
"""First half of the advisory locks' keys; `evnt` in ASCII. Owners whose ids share a hash share a lock."""
LONGEST_WAIT: Final = timedelta(seconds=1)
"""For the exclusive lock: announcers queue behind a reader that waits for one of them."""

_OWN_ENDPOINT = bindparam("own_endpoint", type_=Uuid())
_WANTED = (
    select(
        WebhookEndpoint.id,
        case(
            (WebhookEndpoint.id == _OWN_ENDPOINT, bindparam("own_url", type_=Text())),
            else_=WebhookEndpoint.url,
        ).label("url"),
    )
    .where(
        WebhookEndpoint.owner_id == bindparam("owner_id"),
        WebhookEndpoint.disabled_at.is_(None),
        or_(
            WebhookEndpoint.id == _OWN_ENDPOINT,
            and_(
                ~WebhookEndpoint.for_jobs,
                or_(
                    func.cardinality(WebhookEndpoint.event_types) == 0,
                    bindparam("type", type_=Text()) == any_(WebhookEndpoint.event_types),
                ),
            ),
        ),
    )
    # One that is being deleted is waited for, and then not there, instead of breaking its foreign key.
    .with_for_update(read=True, key_share=True)
    .cte("wanted")
)
_FAN_OUT: Final = (
    insert(Delivery)
    .from_select(
        ["id", "event_id", "endpoint_id", "url", "state"],
        select(
            func.gen_random_uuid(),
            bindparam("event_id", type_=Uuid()),
            _WANTED.c.id,
            _WANTED.c.url,
            literal(DeliveryState.WAITING.value),
        ),
    )
    .execution_options(preserve_rowcount=True)
)


class EventRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def announce(
        self, event: Event, *, own_endpoint: uuid.UUID | None = None, own_url: str | None = None
    ) -> None:
        """Write it, and a delivery for each endpoint of its owner that wants to hear of it.

        One endpoint may hear of it beside those, at a URL of its own.
        """
        self._add(event)
        addressees = {
            "event_id": event.id,
            "owner_id": event.owner_id,
            "type": event.type.value,
            "own_endpoint": own_endpoint,
            "own_url": own_url,
        }
        if self.session.connection().execute(_FAN_OUT, addressees).rowcount:
            notices.work_is_waiting(self.session)

    def announce_to(self, endpoint: WebhookEndpoint, event: Event) -> Delivery:
        """Write it, and one delivery to that endpoint only."""
        self._add(event)
        delivery = Delivery(event_id=event.id, endpoint_id=endpoint.id, url=endpoint.url)
        self.session.add(delivery)
        self.session.flush()
        notices.work_is_waiting(self.session)
        return delivery

    def feed(self, owner_id: uuid.UUID, *, after: int, limit: int) -> Sequence[Event]:
        """The next events after that number; none with a lower one can still appear.

        Raises `DatabaseUnavailable` if an announcement is not over within `LONGEST_WAIT`.
        """
        wait = f"{LONGEST_WAIT.total_seconds()}s"
        self.session.execute(select(func.set_config("lock_timeout", wait, True)))
        self.session.execute(select(func.pg_advisory_xact_lock(OWNERS_LOCK, _hash_of(owner_id))))
        query = select(Event).where(Event.owner_id == owner_id, Event.sequence > after)
        return self.session.scalars(query.order_by(Event.sequence).limit(limit)).all()

    def of(self, job_id: uuid.UUID) -> Sequence[Event]:
        query = select(Event).where(Event.job_id == job_id).order_by(Event.sequence)
        return self.session.scalars(query).all()

    def _add(self, event: Event) -> None:
        lock = func.pg_advisory_xact_lock_shared(OWNERS_LOCK, _hash_of(event.owner_id))
        self.session.execute(select(lock))
        self.session.add(event)
        self.session.flush()


def _hash_of(owner_id: uuid.UUID) -> int:
    """Alike in every process; a signed 32-bit number, as the lock wants it."""
    return int.from_bytes(owner_id.bytes[:4], "big", signed=True)
