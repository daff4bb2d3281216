"""Add webhooks and their deliveries, idempotency keys, deadlines and reuse of transcripts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


JOB_STATES = ("queued", "processing", "completed", "failed", "canceled", "expired")
EVENT_TYPES = (
    "job.completed",
    "job.failed",
    "job.canceled",
    "job.expired",
    "webhook.disabled",
    "webhook.test",
)
FINAL_STATES = {
    "jobs": ("completed", "failed", "canceled", "expired"),
    "deliveries": ("delivered", "failed"),
}


def upgrade() -> None:
    create_tables()
    add_columns()
    allow("jobs", "state_name", "state", JOB_STATES)
    allow("events", "type_name", "type", EVENT_TYPES)
    final = listed(FINAL_STATES["jobs"])
    check("jobs", "final", f"(state IN ({final})) = (finished_at IS NOT NULL)")
    op.execute("DROP TRIGGER jobs_final_states ON jobs")
    op.execute("DROP FUNCTION jobs_final_states")
    for table, states in FINAL_STATES.items():
        forbid_leaving(table, states)


def listed(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def allow(table: str, name: str, column: str, values: tuple[str, ...]) -> None:
    """An enum that is stored as text gets more members."""
    check(table, name, f"{column} IN ({listed(values)})")


def check(table: str, name: str, condition: str) -> None:
    """In place of the check of that name."""
    constraint = op.f(f"ck_{table}_{name}")
    op.drop_constraint(constraint, table, type_="check")
    op.create_check_constraint(constraint, table, condition)


def forbid_leaving(table: str, states: tuple[str, ...]) -> None:
    op.execute(
        f"""
        CREATE FUNCTION {table}_final_states() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '{table}: % is final, it cannot become %', OLD.state, NEW.state
                USING ERRCODE = 'check_violation';
        END $$
        """
    )
    op.execute(
        f"""
        CREATE TRIGGER {table}_final_states BEFORE UPDATE OF state ON {table}
        FOR EACH ROW WHEN (OLD.state IN ({listed(states)}) AND NEW.state <> OLD.state)
        EXECUTE FUNCTION {table}_final_states()
        """
    )


def create_tables() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("for_jobs", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("event_types", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("concurrency", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(disabled_at IS NULL) = (disabled_reason IS NULL)", name=op.f("ck_webhook_endpoints_disabled")
        ),
        sa.CheckConstraint("concurrency BETWEEN 1 AND 16", name=op.f("ck_webhook_endpoints_concurrency")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["owners.id"], name=op.f("fk_webhook_endpoints_owner_id_owners")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
    )
    op.create_index(
        "ix_webhook_endpoints_owner", "webhook_endpoints", ["owner_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "uq_webhook_endpoints_origin",
        "webhook_endpoints",
        ["owner_id", "url"],
        unique=True,
        postgresql_where=sa.text("for_jobs"),
    )
    op.create_table(
        "webhook_secrets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.id"],
            name=op.f("fk_webhook_secrets_endpoint_id_webhook_endpoints"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_secrets")),
    )
    op.create_index(op.f("ix_webhook_secrets_endpoint_id"), "webhook_secrets", ["endpoint_id"], unique=False)
    op.create_table(
        "idempotency_keys",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_idempotency_keys_job_id_jobs"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["owners.id"], name=op.f("fk_idempotency_keys_owner_id_owners")
        ),
        sa.PrimaryKeyConstraint("owner_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_expires_at"), "idempotency_keys", ["expires_at"], unique=False)
    op.create_index(op.f("ix_idempotency_keys_job_id"), "idempotency_keys", ["job_id"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("replay", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "leased",
                "delivered",
                "failed",
                name="state_name",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column(
            "available_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("hinted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hints", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(state = 'leased') = (lease_expires_at IS NOT NULL)", name=op.f("ck_deliveries_lease")
        ),
        sa.CheckConstraint(
            "(state IN ('delivered', 'failed')) = (ended_at IS NOT NULL)", name=op.f("ck_deliveries_ended")
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.id"],
            name=op.f("fk_deliveries_endpoint_id_webhook_endpoints"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_deliveries_event_id_events"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["endpoint_id", "available_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_deliveries_ended",
        "deliveries",
        ["ended_at"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NOT NULL"),
    )
    op.create_index("ix_deliveries_event", "deliveries", ["event_id"], unique=False)
    op.create_index("ix_deliveries_endpoint", "deliveries", ["endpoint_id", "created_at", "id"], unique=False)
    op.create_index(
        "ix_deliveries_lease",
        "deliveries",
        ["lease_expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'leased'"),
    )
    op.create_index(
        "ix_deliveries_leased",
        "deliveries",
        ["endpoint_id"],
        unique=False,
        postgresql_where=sa.text("state = 'leased'"),
    )
    op.create_index(
        "uq_deliveries_event",
        "deliveries",
        ["event_id", "endpoint_id"],
        unique=True,
        postgresql_where=sa.text("NOT replay"),
    )
    op.create_table(
        "delivery_attempts",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("latency_ms", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["deliveries.id"],
            name=op.f("fk_delivery_attempts_delivery_id_deliveries"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_attempts")),
    )
    op.create_index(
        op.f("ix_delivery_attempts_delivery_id"), "delivery_attempts", ["delivery_id"], unique=False
    )


def add_columns() -> None:
    op.add_column("events", sa.Column("endpoint_id", sa.Uuid(), nullable=True))
    op.alter_column("events", "job_id", existing_type=sa.UUID(), nullable=True)
    op.add_column("jobs", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("webhook_endpoint_id", sa.Uuid(), nullable=True))
    op.add_column("jobs", sa.Column("webhook_url", sa.Text(), nullable=True))
    op.add_column(
        "jobs", sa.Column("may_reuse", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("jobs", sa.Column("reused_from", sa.Uuid(), nullable=True))
    op.add_column("jobs", sa.Column("retry_of", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_jobs_deadline",
        "jobs",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("expires_at IS NOT NULL AND finished_at IS NULL"),
    )
    op.create_foreign_key(
        op.f("fk_jobs_webhook_endpoint_id_webhook_endpoints"),
        "jobs",
        "webhook_endpoints",
        ["webhook_endpoint_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_index(
        "ix_recordings_sha256",
        "recordings",
        ["owner_id", "sha256"],
        unique=False,
        postgresql_where=sa.text("sha256 IS NOT NULL"),
    )
    op.add_column("jobs", sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_jobs_webhook_endpoint",
        "jobs",
        ["webhook_endpoint_id"],
        postgresql_where=sa.text("webhook_endpoint_id IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_to_clear",
        "jobs",
        ["finished_at"],
        postgresql_where=sa.text("finished_at IS NOT NULL AND cleared_at IS NULL"),
    )
    op.create_index(
        "ix_device_batches_ended",
        "device_batches",
        ["ended_at"],
        postgresql_where=sa.text("ended_at IS NOT NULL"),
    )
    op.create_index("ix_recordings_object_key", "recordings", ["object_key"])
    op.create_index(op.f("ix_uploads_expires_at"), "uploads", ["expires_at"])
    # Device batches are purged before chunks that once were in them; leased ones are never purged.
    op.drop_constraint(op.f("fk_chunks_device_batch_id_device_batches"), "chunks", type_="foreignkey")
