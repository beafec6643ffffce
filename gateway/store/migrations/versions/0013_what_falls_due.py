"""Counting what is overdue grew with what was: how many waiting requests fall due in an hour is kept, by queue

And what requests came to was read among the room that rewritten lines leave behind on PostgreSQL: by an index only what
is there is read.
"""

# ruff: noqa: S608 - the SQL is made of words of this file

import sqlalchemy as sa
from alembic import op

from gateway.models import Moment

revision = "0013"
down_revision = "0012"

COUNTS = "({row}.due IS NOT NULL AND {row}.state IN ('new', 'open'))"
OLD_COUNTS, NEW_COUNTS = (COUNTS.format(row=row) for row in ("OLD", "NEW"))
LINE = "SELECT {row}.queue, {hour}, {n} WHERE " + COUNTS
CHANGED = f"(OLD.queue, OLD.due, {OLD_COUNTS}) IS NOT (NEW.queue, NEW.due, {NEW_COUNTS})"
TRIGGERS = (
    ("request_due", "INSERT ON request", NEW_COUNTS, ("NEW",)),
    ("request_due_changed", "UPDATE OF queue, state, due ON request", CHANGED, ("OLD", "NEW")),
    ("request_due_gone", "DELETE ON request", OLD_COUNTS, ("OLD",)),
)
"""(name, event, condition, the rows that count from then on or no longer)"""
HOUR = {False: "substr({due}, 1, 13) || ':00:00.000000Z'", True: "date_trunc('hour', {due}, 'UTC')"}
"""In which a time is, by whether it is PostgreSQL."""
# Lines are put together when there are so many that adding them up would be felt.
SQLITE = """CREATE TRIGGER due_tally_added AFTER INSERT ON due_tally WHEN NEW.id % 1024 = 0
BEGIN INSERT INTO due_tally (queue, hour, n)
      SELECT queue, hour, sum(n) FROM due_tally WHERE id <= NEW.id GROUP BY queue, hour HAVING sum(n) <> 0;
      DELETE FROM due_tally WHERE id <= NEW.id; END"""
POSTGRESQL = (
    # Lines that another transaction has not committed yet are left for the next time.
    """CREATE FUNCTION due_tally_add() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF pg_try_advisory_xact_lock(20761007) THEN
           WITH gone AS (DELETE FROM due_tally RETURNING queue, hour, n)
           INSERT INTO due_tally (queue, hour, n)
           SELECT queue, hour, sum(n) FROM gone GROUP BY queue, hour HAVING sum(n) <> 0;
         END IF;
         RETURN NULL;
       END $$""",
    # Not for the lines that it writes itself, which may be more than that.
    """CREATE TRIGGER due_tally_added AFTER INSERT ON due_tally
       FOR EACH ROW WHEN (NEW.id % 1024 = 0 AND pg_trigger_depth() < 2) EXECUTE FUNCTION due_tally_add()""",
)


def upgrade() -> None:
    op.create_table(
        "due_tally",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("hour", Moment(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
    )
    op.create_index("due_tally_late", "due_tally", ["queue", "hour", "n"])
    op.create_index("tally_sums", "tally", ["queue", "state", "n"])
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    enter = _postgresql if is_postgresql else _sqlite
    for name, event, condition, changed in TRIGGERS:
        lines = " UNION ALL ".join(
            LINE.format(row=row, hour=HOUR[is_postgresql].format(due=f"{row}.due"), n=-1 if row == "OLD" else 1)
            for row in changed)  # fmt: skip
        enter(name, event, condition, f"INSERT INTO due_tally (queue, hour, n) {lines};")
    # Only now: on PostgreSQL whoever writes requests waits from the first trigger on.
    hour = HOUR[is_postgresql].format(due="due")
    op.execute(f"INSERT INTO due_tally (queue, hour, n) SELECT queue, {hour}, count(*) FROM request "
               f"WHERE {COUNTS.format(row='request')} GROUP BY queue, {hour}")
    for statement in POSTGRESQL if is_postgresql else (SQLITE,):
        op.get_bind().exec_driver_sql(statement)


def _sqlite(name: str, event: str, condition: str, deed: str) -> None:
    op.get_bind().exec_driver_sql(f"CREATE TRIGGER {name} AFTER {event} WHEN {condition} BEGIN {deed} END")


def _postgresql(name: str, event: str, condition: str, deed: str) -> None:
    op.get_bind().exec_driver_sql(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {deed} RETURN NULL; END $$")
    when = condition.replace("IS NOT (", "IS DISTINCT FROM (")
    op.get_bind().exec_driver_sql(
        f"CREATE TRIGGER {name} AFTER {event} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {name}()")
