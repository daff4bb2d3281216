"""Let the API become, for each request, a role that sees the rows of one owner only."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Roles belong to the server, not to the database: another one of ours may have made it already.
ROLE = """
DO $$
BEGIN
    CREATE ROLE callscribe_tenant NOLOGIN;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
    WHEN insufficient_privilege THEN
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'callscribe_tenant') THEN
            RAISE EXCEPTION 'Postgres does not let % make roles; an administrator must, first: '
                'CREATE ROLE callscribe_tenant NOLOGIN; GRANT callscribe_tenant TO %', current_user, current_user
                USING ERRCODE = 'insufficient_privilege';
        END IF;
END
$$
"""
# Only who may give it out could grant it once more. Who made it may do that, and not yet become it (Postgres 16).
GRANT = """
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
"""
OWN = "owner_id = (SELECT nullif(current_setting('callscribe.owner', true), '')::uuid)"
RULES = {
    "owners": OWN.replace("owner_id", "id"),
    **dict.fromkeys(
        (
            "api_keys",
            "audit_entries",
            "batches",
            "events",
            "fair_shares",
            "idempotency_keys",
            "jobs",
            "recordings",
            "uploads",
            "webhook_endpoints",
        ),
        OWN,
    ),
    # What belongs to something belongs to its owner; the rule of that table holds in here too.
    **dict.fromkeys(
        ("channels", "chunks", "transcripts"), "EXISTS (SELECT 1 FROM jobs WHERE jobs.id = job_id)"
    ),
    "hypotheses": "EXISTS (SELECT 1 FROM chunks WHERE chunks.id = chunk_id)",
    "batch_items": "EXISTS (SELECT 1 FROM batches WHERE batches.id = batch_id)",
    "webhook_secrets": "EXISTS (SELECT 1 FROM webhook_endpoints WHERE webhook_endpoints.id = endpoint_id)",
    "deliveries": "EXISTS (SELECT 1 FROM events WHERE events.id = event_id)",
    "delivery_attempts": "EXISTS (SELECT 1 FROM deliveries WHERE deliveries.id = delivery_id)",
}


def upgrade() -> None:
    op.execute(ROLE)
    op.execute(GRANT)
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO callscribe_tenant")
    op.execute("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO callscribe_tenant")
    op.execute(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public "
        "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO callscribe_tenant"
    )
    op.execute(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO callscribe_tenant"
    )
    for table, rule in RULES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_rows ON {table} TO callscribe_tenant USING ({rule}) WITH CHECK ({rule})"
        )
