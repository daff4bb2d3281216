"""Keep who did what, in a table that takes no changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ACTIONS = (
    "job.submitted",
    "job.canceled",
    "job.erased",
    "transcript.read",
    "upload.begun",
    "batch.made",
    "batch.items_added",
    "batch.closed",
    "batch.canceled",
    "batch.retried",
    "batch.results_read",
    "batch.reviewed",
    "webhook.made",
    "webhook.changed",
    "webhook.deleted",
    "webhook.secret_read",
    "webhook.secret_rotated",
    "webhook.sent_again",
    "key.made",
    "key.rotated",
    "key.revoked",
)


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column(
            "action",
            sa.Enum(*ACTIONS, name="action_name", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_audit_entries_owner_id_owners")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    op.create_index("ix_audit_entries_owner", "audit_entries", ["owner_id", "id"])
    op.create_index(op.f("ix_audit_entries_subject"), "audit_entries", ["subject"])
    op.execute("""
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% takes no changes', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
        END
        $$
    """)
    op.execute("""
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_entries
        FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """)
