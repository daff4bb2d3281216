"""Let owners have quotas, and count what they have on its way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("owners", sa.Column("quota_jobs", sa.BigInteger(), nullable=True))
    op.add_column("owners", sa.Column("quota_audio_seconds", sa.Double(), nullable=True))
    op.add_column("owners", sa.Column("quota_bytes", sa.BigInteger(), nullable=True))
    op.create_check_constraint("quotas", "owners", "least(quota_jobs, quota_audio_seconds, quota_bytes) >= 0")
    # Without keeping submissions waiting.
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_jobs_owner_unfinished",
            "jobs",
            ["owner_id"],
            postgresql_where=sa.text("finished_at IS NULL"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )
