"""What the door sent away"""

import sqlalchemy as sa
from alembic import op

from gateway.models import Moment

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "refusal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("client_ip", sa.String(), nullable=False),
        sa.Column("helo", sa.String(), nullable=False),
        sa.Column("reverse_path", sa.String(), nullable=False),
        sa.Column("recipients", sa.JSON(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("reply", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_refusal_at", "refusal", ["at"])
    op.create_index("ix_refusal_author", "refusal", ["author"])
    op.create_index("ix_refusal_reverse_path", "refusal", ["reverse_path"])
