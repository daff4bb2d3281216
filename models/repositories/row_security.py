"""SQL on the second wall: a transaction goes behind it, and a restored database gets it back.

The wall itself is of migrations/versions/0011_expand_row_security.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Connection, func, select, table, text
from sqlalchemy.exc import ProgrammingError

from core.errors import RestoreRefused

ROLE: Final = "callscribe_tenant"
OWNER_SETTING: Final = "callscribe.owner"

# Roles belong to the server, and rights are granted to a role: a dump of the database has neither.
_ROLE_AND_RIGHTS: Final = (
    """
    DO $$
    BEGIN
        CREATE ROLE callscribe_tenant NOLOGIN;
    EXCEPTION
        WHEN duplicate_object OR unique_violation THEN NULL;
        WHEN insufficient_privilege THEN
            IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'callscribe_tenant') THEN
                RAISE EXCEPTION 'an administrator must say, first: CREATE ROLE callscribe_tenant NOLOGIN; '
                    'GRANT callscribe_tenant TO %', current_user USING ERRCODE = 'insufficient_privilege';
            END IF;
    END
    $$
    """,
    """
    DO $$
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = current_user AND rolsuper) AND NOT EXISTS (
            SELECT 1 FROM pg_auth_members membership
            WHERE roleid = 'callscribe_tenant'::regrole AND member = current_user::regrole
                AND coalesce((to_jsonb(membership) ->> 'set_option')::boolean, true)
        ) THEN
            EXECUTE format('GRANT callscribe_tenant TO %I', current_user);
        END IF;
    EXCEPTION WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'an administrator must say, first: GRANT callscribe_tenant TO %', current_user
            USING ERRCODE = 'insufficient_privilege';
    END
    $$
    """,
    """
    ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO callscribe_tenant
    """,
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO callscribe_tenant",
)
_GUARDED: Final = text("""
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relrowsecurity ORDER BY 1
""")
_WITHOUT_RIGHTS: Final = text("""
    SELECT c.relname FROM pg_class c CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) r
    WHERE c.relnamespace = 'public'::regnamespace AND c.relrowsecurity
    AND NOT has_table_privilege('callscribe_tenant', c.oid, r) GROUP BY c.relname ORDER BY 1
""")


def confine(connection: Connection, owner_id: uuid.UUID) -> None:
    """Until the end of the transaction this connection sees and changes the rows of one owner."""
    connection.execute(
        select(
            func.set_config(OWNER_SETTING, str(owner_id), True),
            func.set_config("role", ROLE, True),
        )
    )


def let_role_in(connection: Connection) -> None:
    """The role, this user's way into it, and its rights to all tables that this user makes from now on.

    Raises `RestoreRefused` where this user may not do that and no administrator has.
    """
    try:
        for statement in _ROLE_AND_RIGHTS:
            connection.execute(text(statement))
    except ProgrammingError as error:
        if not isinstance(error.orig, InsufficientPrivilege):
            raise
        raise RestoreRefused(f"Postgres: {error.orig.diag.message_primary}.") from error


def gaps(connection: Connection) -> Sequence[str]:
    """What is wrong with the wall, in words. Afterwards the transaction is good for nothing else."""
    if not connection.execute(
        select(func.count()).where(text("to_regrole(:role) IS NOT NULL")), {"role": ROLE}
    ).scalar():
        return [f"the role {ROLE} is missing"]
    if not connection.execute(select(func.pg_has_role(ROLE, "MEMBER"))).scalar_one():
        return [f"this user may not become {ROLE}"]
    without = connection.execute(_WITHOUT_RIGHTS).scalars().all()
    if without:
        return [f"{ROLE} lacks rights to {', '.join(without)}"]
    guarded = connection.execute(_GUARDED).scalars().all()
    connection.execute(select(func.set_config(OWNER_SETTING, "", True), func.set_config("role", ROLE, True)))
    return [f"{name} shows rows to no owner at all" for name in guarded if _shows_any(connection, name)]


def _shows_any(connection: Connection, name: str) -> bool:
    query = select(func.count()).select_from(select(text("1")).select_from(table(name)).limit(1).subquery())
    return bool(connection.execute(query).scalar_one())
