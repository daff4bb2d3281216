"""Keep each transcript's trust where it can be sorted by, and the script that was asked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SCRIPTS = ("as_is", "hans", "hant")


def upgrade() -> None:
    op.add_column("transcripts", sa.Column("trust", sa.REAL(), nullable=True))
    # A constant default is noted once for all rows that there are: no row is written.
    op.add_column(
        "jobs",
        sa.Column(
            "script",
            sa.Enum(*SCRIPTS, name="script_name", native_enum=False, create_constraint=True, length=32),
            server_default="as_is",
            nullable=False,
        ),
    )
