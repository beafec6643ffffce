"""Each mail was entered in three indexes: two that nobody asks, and one where it belongs only once it has a request"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

HAS_REQUEST = sa.text("request_id IS NOT NULL")


def upgrade() -> None:
    for name in ("ix_received_kept_at", "ix_received_reverse_path", "ix_received_request_id"):
        op.drop_index(name, "received")
    op.create_index("received_of_request", "received", ["request_id"], sqlite_where=HAS_REQUEST,
                    postgresql_where=HAS_REQUEST)
