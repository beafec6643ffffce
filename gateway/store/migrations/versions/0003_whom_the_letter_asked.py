"""Whom the verification letter asked, and what the customer file said"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("request", sa.Column("on_file", sa.String(), nullable=False, server_default=""))
    op.add_column("verification", sa.Column("account", sa.String(), nullable=False, server_default=""))
    # By hand: Alembic adds no check to a table of SQLite.
    op.execute("ALTER TABLE verification ADD COLUMN basis VARCHAR DEFAULT 'author' NOT NULL "
               "CONSTRAINT basis_known CHECK (basis IN ('file', 'author', 'stranger'))")
