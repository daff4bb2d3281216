"""Cursors: where a page ended, as a word that callers hand back and do not read."""

from __future__ import annotations

import base64
import binascii
import uuid
from datetime import datetime
from typing import Final

from core.errors import InvalidRequest

FOREIGN: Final = "The cursor is not one that this server gave."
LARGEST: Final = 2**63 - 1
"""What the database can count to."""


def cursor_after(created_at: datetime, row_id: uuid.UUID) -> str:
    return _packed(f"{created_at.isoformat()} {row_id}")


def cursor_at(number: int) -> str:
    return _packed(str(number))


def number_of(cursor: str) -> int:
    """Raises `InvalidRequest` for what `cursor_at` did not make."""
    text = _unpacked(cursor)
    # Python refuses to make numbers of thousands of digits.
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(LARGEST)) or int(text) > LARGEST:
        raise InvalidRequest(FOREIGN)
    return int(text)


def place_of(cursor: str) -> tuple[datetime, uuid.UUID]:
    """Raises `InvalidRequest` for what `cursor_after` did not make."""
    try:
        created_at, row_id = _unpacked(cursor).split(" ")
        place = datetime.fromisoformat(created_at), uuid.UUID(row_id)
    except ValueError as error:
        raise InvalidRequest(FOREIGN) from error
    if place[0].tzinfo is None:
        raise InvalidRequest(FOREIGN)
    return place


def _packed(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _unpacked(cursor: str) -> str:
    padding = "=" * (-len(cursor) % 4)
    try:
        return base64.urlsafe_b64decode(cursor + padding).decode()
    except (ValueError, binascii.Error) as error:
        raise InvalidRequest(FOREIGN) from error
