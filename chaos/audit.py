"""History of every row that is worked on, kept by triggers, and the rules it must obey.

The triggers see what was committed and when, whatever the code that did it believes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, LiteralString

import psycopg
from psycopg import sql

TABLES: Final = ("jobs", "chunks", "device_batches", "deliveries")

SCHEMA: Final = """
CREATE SCHEMA chaos;
CREATE TABLE chaos.history (
    number bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    program text NOT NULL DEFAULT current_setting('application_name'),
    of_table text NOT NULL,
    row_id text NOT NULL,
    old_state text NOT NULL,
    new_state text NOT NULL,
    old_attempt bigint NOT NULL,
    new_attempt bigint NOT NULL,
    old_lease timestamptz,
    new_lease timestamptz
);
CREATE FUNCTION chaos.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chaos.history (
        of_table, row_id, old_state, new_state, old_attempt, new_attempt, old_lease, new_lease
    ) VALUES (
        TG_TABLE_NAME, OLD.id, OLD.state, NEW.state, OLD.attempt, NEW.attempt,
        OLD.lease_expires_at, NEW.lease_expires_at
    );
    RETURN NULL;
END $$;
"""
TRIGGER: Final = """
CREATE TRIGGER chaos_note AFTER UPDATE ON {table} FOR EACH ROW
WHEN (OLD.state <> NEW.state OR OLD.attempt <> NEW.attempt
      OR (OLD.lease_expires_at IS NULL) <> (NEW.lease_expires_at IS NULL))
EXECUTE FUNCTION chaos.note()
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """What must never have happened, as the rows of history that break it."""

    name: str
    broken_by: LiteralString


RULES: Final = (
    Rule("attempts rise by one and never fall", "new_attempt - old_attempt NOT IN (0, 1)"),
    Rule("nothing is claimed while it is leased", "new_attempt > old_attempt AND old_lease IS NOT NULL"),
    Rule(
        "a lease is taken away only when its time is over",
        # The dispatcher reaps; it also ends jobs whose deadline passed, wherever they stand.
        "program LIKE 'callscribe dispatcher%' AND old_lease > at AND new_lease IS NULL "
        "AND new_state IN ('queued', 'processing', 'lost', 'waiting')",
    ),
    Rule(
        "a chunk is heard under a lease",
        "of_table = 'chunks' AND new_state = 'done' AND old_state <> 'leased'",
    ),
    Rule(
        "final states are final",
        "old_state <> new_state AND old_state = ANY (CASE of_table "
        "WHEN 'jobs' THEN ARRAY['completed', 'failed', 'canceled', 'expired'] "
        "WHEN 'chunks' THEN ARRAY['done', 'failed', 'canceled'] "
        "WHEN 'device_batches' THEN ARRAY['done', 'empty', 'lost'] "
        "WHEN 'deliveries' THEN ARRAY['delivered', 'failed'] END)",
    ),
)


def install(connection: psycopg.Connection) -> None:
    connection.execute(SCHEMA)
    for table in TABLES:
        connection.execute(sql.SQL(TRIGGER).format(table=sql.Identifier(table)))


def breaches(connection: psycopg.Connection) -> dict[str, int]:
    """How often each rule was broken."""
    counts = {}
    for rule in RULES:
        query = sql.SQL("SELECT count(*) FROM chaos.history WHERE ") + sql.SQL(rule.broken_by)
        counts[rule.name] = connection.execute(query).fetchall()[0][0]
    return counts
