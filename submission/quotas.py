"""What an owner may have at a time, counted in Postgres, in the transaction that adds to it."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from sqlalchemy.orm import Session

from core.errors import QuotaExceeded
from models.repositories.owners import OwnerRepository
from models.repositories.usage import UsageRepository


def check_quotas(session: Session, owner_id: uuid.UUID, *, expected_seconds: float) -> None:
    """Raise `QuotaExceeded` if one more job, whose recording is there already, is too much for the owner.

    An owner with quotas submits one recording at a time: the row stays locked until the commit, so that two
    requests do not take the same room.
    """
    owner = OwnerRepository(session).get(owner_id)
    if not owner.has_quotas:
        return
    owner = OwnerRepository(session).locked(owner.id)
    usage = UsageRepository(session, owner.id)
    wanted: list[tuple[str, float | None, Callable[[], float]]] = [
        ("jobs at once", owner.quota_jobs, lambda: usage.jobs() + 1),
        (
            "seconds of audio waiting",
            owner.quota_audio_seconds,
            lambda: usage.audio_seconds() + expected_seconds,
        ),
        ("bytes stored", owner.quota_bytes, usage.stored_bytes),
    ]
    for what, quota, needed in wanted:
        if quota is not None and needed() > quota:
            raise QuotaExceeded(f"This owner may have {quota:g} {what}.")
