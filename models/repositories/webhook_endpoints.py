"""SQL on webhook endpoints and their secrets."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core import signing
from core.errors import NotFound
from models.repositories import clock
from models.webhook_endpoint import WebhookEndpoint, WebhookSecret


class WebhookEndpointRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def add(self, endpoint: WebhookEndpoint) -> WebhookSecret:
        """With a secret of its own."""
        self.session.add(endpoint)
        self.session.flush()
        return self._add_secret(endpoint.id)

    def get(self, endpoint_id: uuid.UUID, *, owner_id: uuid.UUID) -> WebhookEndpoint:
        """Someone else's is as absent as one that never was."""
        return self._one(endpoint_id, owner_id, lock=False)

    def locked(self, endpoint_id: uuid.UUID, *, owner_id: uuid.UUID) -> WebhookEndpoint:
        """Held until commit. Endpoints are always locked before their deliveries."""
        return self._one(endpoint_id, owner_id, lock=True)

    def page(
        self, owner_id: uuid.UUID, *, before: tuple[datetime, uuid.UUID] | None, limit: int
    ) -> Sequence[WebhookEndpoint]:
        """Newest first; `before` is the last row of the page that was read."""
        query = select(WebhookEndpoint).where(WebhookEndpoint.owner_id == owner_id)
        if before is not None:
            query = query.where(tuple_(WebhookEndpoint.created_at, WebhookEndpoint.id) < tuple_(*before))
        query = query.order_by(WebhookEndpoint.created_at.desc(), WebhookEndpoint.id.desc()).limit(limit)
        return self.session.scalars(query).all()

    def count(self, owner_id: uuid.UUID, *, for_jobs: bool) -> int:
        query = select(func.count()).where(
            WebhookEndpoint.owner_id == owner_id, WebhookEndpoint.for_jobs.is_(for_jobs)
        )
        return self.session.execute(query).scalar_one()

    def of_origin(self, owner_id: uuid.UUID, origin: str) -> WebhookEndpoint | None:
        """The one that hears of jobs which name addresses of this server."""
        query = select(WebhookEndpoint).where(
            WebhookEndpoint.owner_id == owner_id, WebhookEndpoint.url == origin, WebhookEndpoint.for_jobs
        )
        # A job that is about to name it keeps it from being deleted.
        return self.session.scalar(query.with_for_update(read=True, key_share=True))

    def make_for_origin(self, owner_id: uuid.UUID, origin: str) -> WebhookEndpoint:
        """The same, made now unless another request has just done so."""
        made = (
            insert(WebhookEndpoint)
            .values(owner_id=owner_id, url=origin, for_jobs=True)
            .on_conflict_do_nothing(
                index_elements=[WebhookEndpoint.owner_id, WebhookEndpoint.url],
                index_where=text("for_jobs"),
            )
            .returning(WebhookEndpoint.id)
        )
        endpoint_id = self.session.scalar(made)
        if endpoint_id is not None:
            self._add_secret(endpoint_id)
        endpoint = self.of_origin(owner_id, origin)
        if endpoint is None:
            raise NotFound(f"The webhook of {origin} has just been deleted.")
        return endpoint

    def remove(self, endpoint: WebhookEndpoint) -> None:
        """With its secrets and its deliveries; its jobs forget it."""
        self.session.execute(delete(WebhookEndpoint).where(WebhookEndpoint.id == endpoint.id))

    def secrets(self, endpoint_id: uuid.UUID) -> Sequence[WebhookSecret]:
        """Those that sign now, the newest first."""
        query = (
            select(WebhookSecret)
            .where(
                WebhookSecret.endpoint_id == endpoint_id,
                or_(WebhookSecret.expires_at.is_(None), WebhookSecret.expires_at > func.clock_timestamp()),
            )
            .order_by(WebhookSecret.expires_at.desc().nulls_first())
        )
        return self.session.scalars(query).all()

    def rotate(self, endpoint: WebhookEndpoint, *, overlap: timedelta) -> WebhookSecret:
        """A new secret; the old ones sign along for a while. The endpoint's row is locked."""
        now = clock.now(self.session)
        for old in self.secrets(endpoint.id):
            old.expires_at = min(old.expires_at or now + overlap, now + overlap)
        self.session.flush()
        expired = delete(WebhookSecret).where(
            WebhookSecret.endpoint_id == endpoint.id, WebhookSecret.expires_at <= now
        )
        self.session.execute(expired)
        return self._add_secret(endpoint.id)

    def _one(self, endpoint_id: uuid.UUID, owner_id: uuid.UUID, *, lock: bool) -> WebhookEndpoint:
        query = select(WebhookEndpoint).where(
            WebhookEndpoint.id == endpoint_id, WebhookEndpoint.owner_id == owner_id
        )
        if lock:
            # Not the lock of a deletion: whoever announces an event may go on meanwhile.
            query = query.with_for_update(key_share=True)
        endpoint = self.session.scalar(query)
        if endpoint is None:
            raise NotFound(f"No webhook {endpoint_id}.")
        return endpoint

    def _add_secret(self, endpoint_id: uuid.UUID) -> WebhookSecret:
        secret = WebhookSecret(endpoint_id=endpoint_id, secret=signing.new_secret())
        self.session.add(secret)
        self.session.flush()
        return secret
