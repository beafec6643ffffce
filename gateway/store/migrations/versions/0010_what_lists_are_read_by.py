"""Lists and reports that looked at every request: an agent's own, what is held, what waits for customers, a month"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

OUTSTANDING = "state NOT IN ('new', 'open', 'resolved', 'closed')"
UNDATED = "(CASE WHEN due IS NULL THEN 1 ELSE 0 END)"
URGENCY = ("queue", "state", sa.text("priority DESC"), sa.text(UNDATED), "due", "id")
FIGURES = ("created_at", "queue", "category", "identity", "answered_at", "resolved_at", "reopened", "rating", "id")


def upgrade() -> None:
    _index("request_outstanding", URGENCY, OUTSTANDING)
    _index("request_held", ("is_held", "id"), "is_held = TRUE")
    _index("request_of_owner", ("owner", "id"), "owner <> '' AND state IN ('resolved', 'closed')")
    op.create_index("request_figures", "request", list(FIGURES))
    op.drop_index("ix_request_created_at", "request")


def _index(name: str, columns: tuple[str | sa.TextClause, ...], where: str) -> None:
    op.create_index(name, "request", list(columns), sqlite_where=sa.text(where), postgresql_where=sa.text(where))
