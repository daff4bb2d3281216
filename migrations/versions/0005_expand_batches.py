"""Batches: callers' groups of recordings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

EVENT_TYPES = (
    "job.completed",
    "job.failed",
    "job.canceled",
    "job.expired",
    "batch.completed",
    "batch.canceled",
    "webhook.disabled",
    "webhook.test",
)


def upgrade() -> None:
    _make_batches()
    _make_items()
    for column in (
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("custom_id", sa.Text(), nullable=True),
    ):
        op.add_column("jobs", column)
    op.create_foreign_key(op.f("fk_jobs_batch_id_batches"), "jobs", "batches", ["batch_id"], ["id"])
    op.create_index(
        "ix_jobs_batch",
        "jobs",
        ["batch_id", "state", "finished_at"],
        postgresql_where=sa.text("batch_id IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_batch_unfinished",
        "jobs",
        ["batch_id"],
        postgresql_where=sa.text("batch_id IS NOT NULL AND finished_at IS NULL"),
    )
    op.add_column("events", sa.Column("batch_id", sa.Uuid(), nullable=True))
    op.drop_constraint(op.f("ck_events_type_name"), "events", type_="check")
    allowed = ", ".join(f"'{each}'" for each in EVENT_TYPES)
    op.create_check_constraint(op.f("ck_events_type_name"), "events", f"type IN ({allowed})")


def _make_batches() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("defaults", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("source", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("source_key", sa.Text(), nullable=True),
        sa.Column("source_place", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("source_read", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "running",
                "canceling",
                "completed",
                "canceled",
                name="state_name",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("items_total", sa.BigInteger(), nullable=False),
        sa.Column("items_refused", sa.BigInteger(), nullable=False),
        sa.Column("to_admit", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("crash_count", sa.BigInteger(), nullable=False),
        sa.Column(
            "available_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("hinted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hints", sa.BigInteger(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(state IN ('completed', 'canceled')) = (finished_at IS NOT NULL)", name=op.f("ck_batches_final")
        ),
        sa.CheckConstraint("(state = 'open') = (closed_at IS NULL)", name=op.f("ck_batches_closed")),
        sa.CheckConstraint("items_refused BETWEEN 0 AND items_total", name=op.f("ck_batches_items")),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_batches_owner_id_owners")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )
    op.create_index("ix_batches_owner", "batches", ["owner_id", "created_at", "id"])
    op.create_index(
        "uq_batches_key",
        "batches",
        ["owner_id", "key"],
        unique=True,
        postgresql_where=sa.text("key IS NOT NULL"),
    )
    op.create_index(
        "ix_batches_to_admit",
        "batches",
        ["available_at"],
        postgresql_where=sa.text("to_admit AND lease_expires_at IS NULL"),
    )
    op.create_index(
        "ix_batches_lease",
        "batches",
        ["lease_expires_at"],
        postgresql_where=sa.text("lease_expires_at IS NOT NULL"),
    )
    op.create_index(
        "ix_batches_ending",
        "batches",
        ["id"],
        postgresql_where=sa.text("state IN ('running', 'canceling')"),
    )
    op.create_index("ix_batches_source_key", "batches", ["source_key"], postgresql_where=sa.text("to_admit"))


def _make_items() -> None:
    op.create_table(
        "batch_items",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("custom_id", sa.Text(), nullable=True),
        sa.Column("request", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "admitted",
                "refused",
                "canceled",
                name="state_name",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(state = 'refused') = (error_code IS NOT NULL)", name=op.f("ck_batch_items_error")
        ),
        sa.CheckConstraint("state <> 'admitted' OR job_id IS NOT NULL", name=op.f("ck_batch_items_job")),
        sa.CheckConstraint(
            "state = 'refused' OR custom_id IS NOT NULL", name=op.f("ck_batch_items_custom_id")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.id"], name=op.f("fk_batch_items_batch_id_batches"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_batch_items_job_id_jobs")),
        sa.PrimaryKeyConstraint("batch_id", "number", name=op.f("pk_batch_items")),
    )
    op.create_index(
        "uq_batch_items_custom_id",
        "batch_items",
        ["batch_id", "custom_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'refused'"),
    )
    op.create_index(
        "ix_batch_items_job", "batch_items", ["job_id"], postgresql_where=sa.text("job_id IS NOT NULL")
    )
    for state in ("waiting", "refused"):
        op.create_index(
            f"ix_batch_items_{state}",
            "batch_items",
            ["batch_id", "number"],
            postgresql_where=sa.text(f"state = '{state}'"),
        )
