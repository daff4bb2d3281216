"""Idempotency-Key: a request that is sent again is answered again, and nothing is done twice.

The key is written in the transaction that does what was asked. So there is none without its job
and no job without its key, whenever the process dies.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final, TypeAlias

from fastapi import Header, status
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.jobs.schemas import JobRead
from core.errors import Gone, IdempotencyInFlight, IdempotencyKeyReused
from models.idempotency_key import IdempotencyKey
from models.repositories import clock
from models.repositories.idempotency_keys import IdempotencyKeyRepository

REPLAYED: Final = "Idempotent-Replayed"

KeyHeader: TypeAlias = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="A name of the caller's own for this request, 1 to 255 visible ASCII characters. "
        "Sent again under the same name, it is answered as before, and nothing is done twice.",
    ),
]


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for what, and by which name of its own."""

    owner_id: uuid.UUID
    target: str
    """Method and path."""
    key: str | None

    def fingerprint(self, options: BaseModel | None, audio_sha256: str | None = None) -> bytes:
        """The same for the same request. What has its default counts as left out: options may be added."""
        given = None if options is None else options.model_dump(mode="json", exclude_defaults=True)
        canonical = json.dumps([self.target, given, audio_sha256], sort_keys=True)
        return hashlib.sha256(canonical.encode()).digest()


@dataclass(frozen=True, slots=True)
class Answer:
    """A job that was accepted, as it was told to its caller then."""

    job_id: uuid.UUID
    body: str
    is_replay: bool = False

    def response(self) -> Response:
        headers = {"Location": f"/v1/jobs/{self.job_id}"} | ({REPLAYED: "true"} if self.is_replay else {})
        return Response(self.body, status.HTTP_202_ACCEPTED, headers, media_type="application/json")


class KeysInFlight:
    """Keys under which this process is answering now. For the event loop's thread only.

    The database knows of a key when its transaction begins, which is after the upload: a second
    upload under the same key is refused here, before its body is read.
    """

    def __init__(self) -> None:
        self._names: set[tuple[uuid.UUID, str]] = set()

    @contextmanager
    def entered(self, asked: Asked) -> Iterator[None]:
        """Raises `IdempotencyInFlight` while another is inside under the same key."""
        if asked.key is None:
            yield
            return
        name = asked.owner_id, asked.key
        if name in self._names:
            raise IdempotencyInFlight
        self._names.add(name)
        try:
            yield
        finally:
            self._names.discard(name)


def known(session: Session, asked: Asked) -> IdempotencyKey | None:
    """What was answered under this key, which nobody else uses until the transaction ends.

    Raises `Gone` if that was a job that is deleted now.
    """
    if asked.key is None:
        return None
    keys = IdempotencyKeyRepository(session)
    keys.hold(asked.owner_id, asked.key)
    row = keys.find(asked.owner_id, asked.key)
    if row is not None and not row.response:
        raise Gone("The job that this Idempotency-Key was used for was deleted.")
    return row


def replay(row: IdempotencyKey, fingerprint: bytes) -> Answer:
    """The same answer to the same request; any other is `IdempotencyKeyReused`."""
    if row.fingerprint != fingerprint:
        raise IdempotencyKeyReused
    return Answer(row.job_id, row.response, is_replay=True)


def remember(session: Session, asked: Asked, fingerprint: bytes, job: JobRead, *, ttl: timedelta) -> Answer:
    """In the transaction that made the job, after `known` has found nothing."""
    answer = Answer(job.id, job.model_dump_json())
    if asked.key is not None:
        IdempotencyKeyRepository(session).add(
            IdempotencyKey(
                owner_id=asked.owner_id,
                key=asked.key,
                fingerprint=fingerprint,
                job_id=job.id,
                response=answer.body,
                expires_at=clock.now(session) + ttl,
            )
        )
    return answer
