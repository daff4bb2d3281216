"""SQL that puts a transaction behind the second wall: migrations/versions/0011_expand_row_security.py."""

from __future__ import annotations

import uuid
from typing import Final

from sqlalchemy import Connection, func, select

ROLE: Final = "callscribe_tenant"
OWNER_SETTING: Final = "callscribe.owner"


def confine(connection: Connection, owner_id: uuid.UUID) -> None:
    """Until the end of the transaction this connection sees and changes the rows of one owner."""
    connection.execute(
        select(
            func.set_config(OWNER_SETTING, str(owner_id), True),
            func.set_config("role", ROLE, True),
        )
    )
