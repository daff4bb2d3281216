"""Let each owner say how long audio and transcripts are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ACTIONS = (
    "job.submitted",
    "job.canceled",
    "job.erased",
    "audio.erased",
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
    "owner.changed",
)


def upgrade() -> None:
    for column in ("keep_audio_days", "keep_transcripts_days"):
        op.add_column("owners", sa.Column(column, sa.Double(), nullable=True))
    op.create_check_constraint("kept", "owners", "least(keep_audio_days, keep_transcripts_days) >= 0")
    op.add_column("jobs", sa.Column("audio_erased_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE jobs SET audio_erased_at = erased_at WHERE erased_at IS NOT NULL")
    op.drop_constraint("action_name", "audit_entries", type_="check")
    op.create_check_constraint(
        "action_name", "audit_entries", sa.column("action").in_(ACTIONS), postgresql_not_valid=True
    )
    # Without keeping those waiting who write to these tables.
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE audit_entries VALIDATE CONSTRAINT ck_audit_entries_action_name")
        for name, marker in (("ix_jobs_audio_kept", "audio_erased_at"), ("ix_jobs_kept", "erased_at")):
            op.create_index(
                name,
                "jobs",
                ["owner_id", "finished_at"],
                postgresql_where=sa.text(f"finished_at IS NOT NULL AND {marker} IS NULL"),
                postgresql_concurrently=True,
                if_not_exists=True,
            )
