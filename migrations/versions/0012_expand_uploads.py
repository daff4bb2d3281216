"""Keep what was announced of an upload, of which parts it is made, and where a recording is fetched from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("uploads", sa.Column("size_bytes", sa.BigInteger(), nullable=True))
    op.add_column("uploads", sa.Column("sha256", sa.Text(), nullable=True))
    op.add_column("uploads", sa.Column("multipart_id", sa.Text(), nullable=True))
    op.add_column("uploads", sa.Column("part_bytes", sa.BigInteger(), nullable=True))
    op.add_column("uploads", sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_uploads_in_parts",
        "uploads",
        ["expires_at"],
        postgresql_where=sa.text("multipart_id IS NOT NULL AND completed_at IS NULL"),
    )
    op.add_column("recordings", sa.Column("source_url", sa.Text(), nullable=True))
