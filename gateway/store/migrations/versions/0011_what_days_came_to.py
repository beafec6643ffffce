"""Reports counted every request, letter and lesson of their time: what a day came to is kept

Who changes the figures of a day that is over strikes it out; who looks next counts it again (store/days). On PostgreSQL
a day is kept by one transaction while none that changes figures is under way, which a lock tells: shared by those.
"""

# ruff: noqa: S608 - the SQL is made of words of this file

import sqlalchemy as sa
from alembic import op

from gateway.models import Moment

revision = "0011"
down_revision = "0010"

ALIVE = "state IN ('new', 'open', 'pending', 'answered')"
FIGURES = ("queue", "category", "identity", "answered_at", "resolved_at", "reopened", "rating")
BEFORE, AFTER = (", ".join(f"{row}.{name}" for name in FIGURES) for row in ("OLD", "NEW"))

DAY = "(SELECT min(until) FROM kept_day WHERE kind = '{kind}' AND until > {at})"
STRIKE = f"DELETE FROM kept_day WHERE kind = '{{kind}}' AND since <= {{at}} AND until = {DAY};"
# A letter counts in the queue in which its request is now.
STRIKE_LETTERS = ("DELETE FROM kept_day WHERE kind = 'letters' AND until IN "
                  f"(SELECT {DAY.format(kind='letters', at='letter.created_at')} FROM letter "
                  "WHERE letter.request_id = NEW.id);")
OPENED_AT = "(SELECT created_at FROM request WHERE id = NEW.request_id)"


def _strike(kind: str, *at: str) -> str:
    return " ".join(STRIKE.format(kind=kind, at=each) for each in at)


TRIGGERS = (
    ("request_came", "INSERT ON request", "", _strike("opened", "NEW.created_at")),
    ("request_changed", f"UPDATE OF {', '.join(FIGURES)} ON request", f"WHEN ({BEFORE}) IS NOT ({AFTER})",
     _strike("opened", "NEW.created_at")),
    ("request_moved", "UPDATE OF queue ON request", "WHEN OLD.queue <> NEW.queue", STRIKE_LETTERS),
    ("figure_said", "INSERT ON figure", "WHEN NEW.name = 'feedback'", _strike("opened", OPENED_AT)),
    ("letter_came", "INSERT ON letter", "", _strike("letters", "NEW.created_at")),
    ("letter_changed", "UPDATE OF state ON letter", "WHEN (OLD.state = 'bounced') <> (NEW.state = 'bounced')",
     _strike("letters", "NEW.created_at")),
    ("letter_gone", "DELETE ON letter", "", _strike("letters", "OLD.created_at")),
    ("taught_came", "INSERT ON taught", "", _strike("taught", "NEW.at")),
    ("taught_changed", "UPDATE ON taught", "", _strike("taught", "OLD.at", "NEW.at")),
    ("taught_gone", "DELETE ON taught", "", _strike("taught", "OLD.at")),
)
"""(name, event, condition, what it does)"""


def upgrade() -> None:
    op.create_table(
        "kept_day",
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("until", Moment(), primary_key=True),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("lapses", sa.LargeBinary(), nullable=False),
    )
    op.create_index("letter_figures", "letter", ["created_at", "state", "request_id"])
    op.create_index("request_alive", "request", ["created_at", "queue"], sqlite_where=sa.text(ALIVE),
                    postgresql_where=sa.text(ALIVE))
    enter = _postgresql if op.get_bind().dialect.name == "postgresql" else _sqlite
    for name, event, condition, deed in TRIGGERS:
        enter(name, event, condition, deed)


def _sqlite(name: str, event: str, condition: str, deed: str) -> None:
    op.get_bind().exec_driver_sql(f"CREATE TRIGGER {name} AFTER {event} {condition} BEGIN {deed} END")


def _postgresql(name: str, event: str, condition: str, deed: str) -> None:
    when = f"WHEN ({condition.removeprefix('WHEN ').replace('IS NOT', 'IS DISTINCT FROM')})" if condition else ""
    op.get_bind().exec_driver_sql(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN PERFORM pg_advisory_xact_lock_shared(20761006); {deed} RETURN NULL; END $$")
    op.get_bind().exec_driver_sql(
        f"CREATE TRIGGER {name} AFTER {event} FOR EACH ROW {when} EXECUTE FUNCTION {name}()")
