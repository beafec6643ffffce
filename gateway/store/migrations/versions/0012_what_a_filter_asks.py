"""A filter that hardly any request met had every living request fetched: now the index of a list knows the answer"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

UNDATED = "(CASE WHEN due IS NULL THEN 1 ELSE 0 END)"
URGENCY = (sa.text("priority DESC"), sa.text(UNDATED), "due", "id")
ASKED = ("category", "language", "identity", "verification", "owner")


def upgrade() -> None:
    _anew("request_urgency", ("queue", *URGENCY, "state", *ASKED), "state IN ('new', 'open', 'pending', 'answered')")
    _anew("request_waiting", ("queue", *URGENCY, "state", *ASKED), "state IN ('new', 'open')")
    _anew("request_outstanding", ("queue", "state", *URGENCY, *ASKED),
          "state NOT IN ('new', 'open', 'resolved', 'closed')")
    _anew("request_settled", ("queue", "id", "state", *ASKED), "state IN ('resolved', 'closed')")


def _anew(name: str, columns: tuple[str | sa.TextClause, ...], where: str) -> None:
    op.drop_index(name, "request")
    op.create_index(name, "request", list(columns), sqlite_where=sa.text(where), postgresql_where=sa.text(where))
