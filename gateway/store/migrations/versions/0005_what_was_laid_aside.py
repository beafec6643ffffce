"""What was laid aside"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    shunted = sa.text("state IN ('shunted')")
    op.create_index("received_shunted", "received", ["id"], sqlite_where=shunted, postgresql_where=shunted)
