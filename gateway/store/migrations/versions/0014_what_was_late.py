"""One late answer had a whole day counted anew: what a request adds to a day that is kept, or takes from it, is noted

A day of requests that is kept is no longer struck out by triggers. They note what changed, and store/days adds it. What
is noted lives no longer than the day that it belongs to.
"""

# ruff: noqa: S608 - the SQL is made of words of this file

import sqlalchemy as sa
from alembic import op

from gateway.models import Moment

revision = "0014"
down_revision = "0013"

FIGURES = ("queue", "category", "identity", "answered_at", "resolved_at", "reopened", "rating")
BEFORE, AFTER = (", ".join(f"{row}.{name}" for name in FIGURES) for row in ("OLD", "NEW"))
NOTE = f"INSERT INTO late_change (n, created_at, {', '.join(FIGURES)}, thanks, not_solved)"
IS_KEPT = ("EXISTS (SELECT 1 FROM kept_day WHERE kind = 'opened' AND since <= {at} AND until = "
           "(SELECT min(until) FROM kept_day WHERE kind = 'opened' AND until > {at}))")
SAID = "(SELECT count(*) FROM figure WHERE request_id = NEW.id AND name = 'feedback' AND value {so})"


def _row(row: str, n: int) -> str:
    """A request as it was or is, with what its customer said."""
    said = ", ".join(f"{n} * {SAID.format(so=so)}" for so in ("> 0", "<= 0"))
    return (f"SELECT {n}, NEW.created_at, {', '.join(f'{row}.{name}' for name in FIGURES)}, {said} "
            f"WHERE {IS_KEPT.format(at='NEW.created_at')}")


# On PostgreSQL nobody moves the request to another queue meanwhile, nor has done so unseen.
FEEDBACK = (f"{NOTE} SELECT 0, created_at, queue, category, identity, NULL, NULL, 0, NULL, "
            "CASE WHEN NEW.value > 0 THEN 1 ELSE 0 END, CASE WHEN NEW.value > 0 THEN 0 ELSE 1 END "
            f"FROM request WHERE id = NEW.request_id AND {IS_KEPT.format(at='request.created_at')} {{alone}};")
TRIGGERS = (
    ("request_came", "INSERT ON request", "", f"{NOTE} {_row('NEW', 1)};"),
    ("request_changed", f"UPDATE OF {', '.join(FIGURES)} ON request", f"WHEN ({BEFORE}) IS NOT ({AFTER})",
     f"{NOTE} {_row('OLD', -1)} UNION ALL {_row('NEW', 1)};"),
    ("figure_said", "INSERT ON figure", "WHEN NEW.name = 'feedback'", FEEDBACK),
    ("kept_day_gone", "DELETE ON kept_day", "WHEN OLD.kind = 'opened'",
     "DELETE FROM late_change WHERE created_at >= OLD.since AND created_at < OLD.until;"),
)
"""(name, event, condition, what it does)"""
ANEW = (("request_came", "request"), ("request_changed", "request"), ("figure_said", "figure"))


def upgrade() -> None:
    op.create_table(
        "late_change",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("created_at", Moment(), nullable=False, index=True),
        sa.Column("n", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("queue", "category", "identity")),
        *(sa.Column(name, Moment()) for name in ("answered_at", "resolved_at")),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("rating", sa.Integer()),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("thanks", "not_solved")),
    )
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for name, table in ANEW:
        op.execute(f"DROP TRIGGER {name}" + f" ON {table}" * is_postgresql)
        if is_postgresql:
            op.execute(f"DROP FUNCTION {name}")
    enter = _postgresql if is_postgresql else _sqlite
    for name, event, condition, deed in TRIGGERS:
        enter(name, event, condition, deed)


def _sqlite(name: str, event: str, condition: str, deed: str) -> None:
    op.get_bind().exec_driver_sql(
        f"CREATE TRIGGER {name} AFTER {event} {condition} BEGIN {deed.replace('{alone}', '')} END")


def _postgresql(name: str, event: str, condition: str, deed: str) -> None:
    when = f"WHEN ({condition.removeprefix('WHEN ').replace('IS NOT', 'IS DISTINCT FROM')})" if condition else ""
    op.get_bind().exec_driver_sql(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"PERFORM pg_advisory_xact_lock_shared(20761006); {deed.replace('{alone}', 'FOR NO KEY UPDATE')} RETURN NULL; "
        "END $$")
    op.get_bind().exec_driver_sql(
        f"CREATE TRIGGER {name} AFTER {event} FOR EACH ROW {when} EXECUTE FUNCTION {name}()")
