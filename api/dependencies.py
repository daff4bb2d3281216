"""What routes ask for: the owner behind the key, a transaction, the process' resources."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Annotated, cast

from fastapi import Depends, Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from sqlalchemy.orm import Session

from api.acting import ACTING
from api.limits.rates import Rate
from api.resources import Resources
from core.errors import RateLimited, Unauthenticated
from models import api_key_format
from models.repositories import clock
from models.repositories.api_keys import ApiKeyRepository
from models.repositories.audit import Actor
from models.scope import Scope

bearer = HTTPBearer(
    auto_error=False,
    scheme_name="ApiKey",
    bearerFormat="cs_<id>_<secret>",
    description="An API key as `callscribe keys create` prints it.",
)


def resources_of(request: Request) -> Resources:
    return cast(Resources, request.app.state.resources)


ProcessResources = Annotated[Resources, Depends(resources_of)]


async def authenticate(
    request: Request,
    wanted: SecurityScopes,
    resources: ProcessResources,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)],
) -> uuid.UUID:
    """The owner whose key this is. Its own short transaction: uploads and long polls go on without one."""
    if credentials is None:
        raise Unauthenticated
    prefix, secret = api_key_format.parse(credentials.credentials)
    owner_id, rate = await run_in_threadpool(_admitted, resources, prefix, secret, wanted.scopes)
    request.state.rate = rate
    if rate is not None and rate.is_exceeded:
        raise RateLimited(f"This key may make {rate.limit} requests a minute.")
    address = request.client.host if request.client else None
    ACTING.set(Actor(owner_id, prefix, address, request.state.request_id))
    return owner_id


def _admitted(
    resources: Resources, prefix: str, secret: str, scopes: Sequence[str]
) -> tuple[uuid.UUID, Rate | None]:
    with resources.database_gate.entered(), resources.sessions.begin() as session:
        keys = ApiKeyRepository(session)
        key = keys.with_prefix(prefix)
        now = clock.now(session)
        key.admit(secret, now=now)
        key.check_scopes(scopes)
        keys.touch(key, at=now)
    # What strangers ask under somebody's name does not count.
    return key.owner_id, resources.rate_limits.take(prefix)


AnyOwner = Annotated[uuid.UUID, Security(authenticate)]
"""Behind any valid key."""
Submitter = Annotated[uuid.UUID, Security(authenticate, scopes=[Scope.SUBMIT])]
Watcher = Annotated[uuid.UUID, Security(authenticate, scopes=[Scope.REDACTED])]
"""Sees how things stand, and nothing of what was said."""
Reader = Annotated[uuid.UUID, Security(authenticate, scopes=[Scope.READ])]
Caller = Annotated[uuid.UUID, Security(authenticate, scopes=[Scope.SUBMIT, Scope.READ])]
"""Hands over a recording and reads the transcript in one request."""
Admin = Annotated[uuid.UUID, Security(authenticate, scopes=[Scope.ADMIN])]


def open_session(resources: ProcessResources) -> Iterator[Session]:
    with resources.sessions.begin() as session:
        yield session


# scope="function": commit before the response leaves, so an answer is never a lie.
DbSession = Annotated[Session, Depends(open_session, scope="function")]
