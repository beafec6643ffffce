"""What agents taught: counts of words by label, and how often a suggestion was right"""

import sqlalchemy as sa
from alembic import op

from gateway.models import Moment

revision = "0009"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "lesson",
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("feature", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("label", sa.String(), primary_key=True),
        sa.Column("n", sa.Integer(), nullable=False),
    )
    op.create_table(
        "taught",
        sa.Column("request_id", sa.Integer(), sa.ForeignKey("request.id"), primary_key=True, autoincrement=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("said_category", sa.String(), nullable=False),
        sa.Column("category_confidence", sa.Float(), nullable=False),
        sa.Column("said_queue", sa.String(), nullable=False),
        sa.Column("queue_confidence", sa.Float(), nullable=False),
    )
    op.create_index("ix_taught_at", "taught", ["at"])
