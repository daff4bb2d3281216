"""Say of each API key what it may be used for; those that are there may be used for everything."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "api_keys",
        sa.Column("scopes", ARRAY(sa.Text()), server_default="{submit,read,admin}", nullable=False),
    )
    op.create_check_constraint(
        "scopes",
        "api_keys",
        "cardinality(scopes) > 0 AND scopes <@ ARRAY['submit', 'read', 'redacted', 'admin']",
    )
