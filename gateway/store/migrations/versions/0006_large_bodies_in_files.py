"""Bodies of large mails lie in files"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("raw_mail", sa.Column("body_at", sa.Integer(), nullable=True))
