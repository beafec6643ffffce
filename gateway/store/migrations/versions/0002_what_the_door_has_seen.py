"""What the door has seen: signatures that came before, and senders that were told to come again"""

import sqlalchemy as sa
from alembic import op

from gateway.models import Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "sighting",
        sa.Column("signature", sa.String(length=64), nullable=False),
        sa.Column("last_at", Moment(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("signature"),
    )
    op.create_index("ix_sighting_last_at", "sighting", ["last_at"])
    op.create_table(
        "deferral",
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("client_net", sa.String(), nullable=False),
        sa.Column("first_at", Moment(), nullable=False),
        sa.Column("last_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("domain", "client_net"),
    )
    op.create_index("ix_deferral_last_at", "deferral", ["last_at"])
