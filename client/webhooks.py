"""Receiving webhooks: whether a message is from the server that has the secret, and new."""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from pydantic import ValidationError
from pydantic_core import from_json

from client.feed import Event
from core import signing
from core.errors import SignatureRejected

TOLERANCE: Final = timedelta(minutes=5)
"""By which a time stamp may be off, as the public libraries of Standard Webhooks have it."""


def verify_webhook(
    body: bytes,
    headers: Mapping[str, str],
    secret: str | Sequence[str],
    *,
    tolerance: timedelta = TOLERANCE,
    now: float | None = None,
) -> Event:
    """The event of a delivery; raises `SignatureRejected`.

    `body` is what arrived, byte for byte. Of several secrets any will do, as while one is rotated. `now` is
    in seconds since 1970, this machine's clock if left out. The same event may come twice: remember its `id`.
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id, stamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    _check_time(stamp, time.time() if now is None else now, tolerance)
    secrets = [secret] if isinstance(secret, str) else secret
    wanted = signing.signatures(secrets, message_id=message_id, timestamp=int(stamp), body=body)
    if not _share_one(wanted.split(" "), given.get("webhook-signature", "").split(" ")):
        raise SignatureRejected
    return _event(message_id, body)


def _check_time(stamp: str, now: float, tolerance: timedelta) -> None:
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
        raise SignatureRejected("The delivery has no time stamp.")
    if abs(now - int(stamp)) > tolerance.total_seconds():
        raise SignatureRejected("The delivery is too old, or from the future; is this machine's clock right?")


def _share_one(wanted: Sequence[str], given: Sequence[str]) -> bool:
    """Each comparison takes as long for a signature that is nearly right as for any other."""
    return any(hmac.compare_digest(ours.encode(), theirs.encode()) for ours in wanted for theirs in given)


def _event(message_id: str, body: bytes) -> Event:
    try:
        return Event.model_validate({**from_json(body), "id": message_id})
    except (ValidationError, ValueError, TypeError) as error:
        raise SignatureRejected("The delivery is signed, and no event of Callscribe's.") from error
