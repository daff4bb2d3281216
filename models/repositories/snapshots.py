"""SQL on a database as a whole, as one moment had it: what a backup notes and a restored one must have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, Connection, column, func, select, table, text
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import BIT

SCHEMA: Final = "public"

# What came with an extension of the operator's is none of ours.
_RELATIONS: Final = """
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND NOT EXISTS (
        SELECT 1 FROM pg_depend d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
    )
"""
_TABLES: Final = text(f"SELECT c.relname {_RELATIONS} AND c.relkind IN ('r', 'p') ORDER BY c.relname")
_COUNT: Final = text(f"SELECT count(*) {_RELATIONS}")
_RULES: Final = text("""
    SELECT format('row security on %s', c.relname) FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relrowsecurity
    UNION ALL
    SELECT format('policy %s on %s, %s for %s to %s, using %s, check %s', policyname, tablename, permissive,
                  cmd, roles, qual, with_check) FROM pg_policies WHERE schemaname = 'public'
    UNION ALL
    SELECT format('%s, %s', pg_get_triggerdef(t.oid), t.tgenabled) FROM pg_trigger t
    JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal
    UNION ALL
    SELECT pg_get_functiondef(p.oid) FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND p.prokind IN ('f', 'p')
    AND NOT EXISTS (
        SELECT 1 FROM pg_depend d
        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    )
    UNION ALL
    -- NOT NULL is a constraint with a name from Postgres 18 on.
    SELECT format('%s on %s: %s', k.conname, c.relname, pg_get_constraintdef(k.oid)) FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    WHERE c.relnamespace = 'public'::regnamespace AND k.contype <> 'n'
    UNION ALL
    SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    ORDER BY 1
""")


@dataclass(frozen=True, slots=True)
class TableState:
    rows: int
    digest: str
    """Over the text of every row, in whatever order: a row that is lost, doubled or changed shows."""


class Snapshot:
    """What one transaction sees. Its connection writes times, floats and bytes in one way on all servers."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def export(self) -> str:
        """Its name, by which other connections see the same until this transaction ends."""
        name: str = self._connection.execute(select(func.pg_export_snapshot())).scalar_one()
        return name

    def began_at(self) -> datetime:
        time: datetime = self._connection.execute(select(func.now())).scalar_one()
        return time

    def server_version(self) -> int:
        """The major one: 18."""
        number = self._connection.execute(select(func.current_setting("server_version_num"))).scalar_one()
        return int(number) // 10_000

    def is_empty(self) -> bool:
        """Neither tables nor anything like them, ours or not."""
        return not self._connection.execute(_COUNT).scalar_one()

    def revision(self) -> str | None:
        """Of the schema; None where no migration ever ran."""
        if "alembic_version" not in self.tables():
            return None
        revisions = table("alembic_version", column("version_num"), schema=SCHEMA)
        revision: str | None = self._connection.execute(select(revisions.c.version_num)).scalar()
        return revision

    def tables(self) -> Sequence[str]:
        return self._connection.execute(_TABLES).scalars().all()

    def state_of(self, name: str) -> TableState:
        """Reads all of the table."""
        row = func.md5(text("each_row::text"))
        number = sql_cast(sql_cast(func.concat("x", func.substr(row, 1, 15)), BIT(60)), BigInteger)
        query = select(func.count(), func.coalesce(func.sum(number), 0))
        rows, digest = self._connection.execute(
            query.select_from(table(name, schema=SCHEMA).alias("each_row"))
        ).one()
        return TableState(rows=rows, digest=str(digest))

    def rules(self) -> Sequence[str]:
        """Row security, policies, triggers, functions, constraints and indexes, each in a line of SQL."""
        return self._connection.execute(_RULES).scalars().all()
