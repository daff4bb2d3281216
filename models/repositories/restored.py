"""SQL that a database needs once after it was restored."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

GAP: Final = 1_000_000_000
"""More events than a system announces between its backup and its loss."""


def leave_gap_in_feed(connection: Connection) -> None:
    """Readers of the feed may be further than the backup: what comes next must have a higher number still."""
    connection.execute(
        text("""
            SELECT setval(pg_get_serial_sequence('events', 'sequence'),
                          coalesce((SELECT max(sequence) FROM events), 0) + :gap)
        """),
        {"gap": GAP},
    )


def analyze(connection: Connection) -> None:
    """What the planner knows of the tables is in no dump."""
    connection.execute(text("ANALYZE"))
