"""Cursors: where a page ended, as a word that callers hand back and do not read."""

from __future__ import annotations

import base64
import binascii
import uuid
from datetime import datetime

from core.errors import InvalidRequest


def cursor_after(created_at: datetime, row_id: uuid.UUID) -> str:
    return base64.urlsafe_b64encode(f"{created_at.isoformat()} {row_id}".encode()).decode().rstrip("=")


def place_of(cursor: str) -> tuple[datetime, uuid.UUID]:
    """Raises `InvalidRequest` for what `cursor_after` did not make."""
    padding = "=" * (-len(cursor) % 4)
    try:
        created_at, row_id = base64.urlsafe_b64decode(cursor + padding).decode().split(" ")
        place = datetime.fromisoformat(created_at), uuid.UUID(row_id)
    except (ValueError, binascii.Error) as error:
        raise InvalidRequest("The cursor is not one that this server gave.") from error
    if place[0].tzinfo is None:
        raise InvalidRequest("The cursor is not one that this server gave.")
    return place
