"""The agents' desk: who works at it, what is found there, and counts that are kept"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from gateway.models import Moment
from gateway.store import search

revision = "0007"
down_revision = "0006"

ALIVE = "state IN ('new', 'open', 'pending', 'answered')"
WAITING = "state IN ('new', 'open')"
SETTLED = "state IN ('resolved', 'closed')"
URGENCY = ("queue", sa.text("priority DESC"), sa.text("(CASE WHEN due IS NULL THEN 1 ELSE 0 END)"), "due", "id")

# Lines are put together when there are so many that adding them up would be felt.
SQLITE = (
    """CREATE TRIGGER request_counted AFTER INSERT ON request
       BEGIN INSERT INTO tally (queue, state, n) VALUES (NEW.queue, NEW.state, 1); END""",
    """CREATE TRIGGER request_recounted AFTER UPDATE OF queue, state ON request
       WHEN OLD.queue <> NEW.queue OR OLD.state <> NEW.state
       BEGIN INSERT INTO tally (queue, state, n)
             VALUES (OLD.queue, OLD.state, -1), (NEW.queue, NEW.state, 1); END""",
    """CREATE TRIGGER request_discounted AFTER DELETE ON request
       BEGIN INSERT INTO tally (queue, state, n) VALUES (OLD.queue, OLD.state, -1); END""",
    """CREATE TRIGGER tally_added AFTER INSERT ON tally WHEN NEW.id % 512 = 0
       BEGIN INSERT INTO tally (queue, state, n)
             SELECT queue, state, sum(n) FROM tally WHERE id <= NEW.id GROUP BY queue, state HAVING sum(n) <> 0;
             DELETE FROM tally WHERE id <= NEW.id; END""",
    """CREATE VIRTUAL TABLE finding USING fts5
       (words, content='', columnsize=0, detail='none', tokenize="ascii")""",
)
POSTGRESQL = (
    """CREATE FUNCTION request_count() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF TG_OP = 'UPDATE' AND OLD.queue = NEW.queue AND OLD.state = NEW.state THEN RETURN NULL; END IF;
         IF TG_OP <> 'INSERT' THEN INSERT INTO tally (queue, state, n) VALUES (OLD.queue, OLD.state, -1); END IF;
         IF TG_OP <> 'DELETE' THEN INSERT INTO tally (queue, state, n) VALUES (NEW.queue, NEW.state, 1); END IF;
         RETURN NULL;
       END $$""",
    """CREATE TRIGGER request_counted AFTER INSERT OR DELETE OR UPDATE OF queue, state ON request
       FOR EACH ROW EXECUTE FUNCTION request_count()""",
    # Lines that another transaction has not committed yet are left for the next time.
    """CREATE FUNCTION tally_add() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF pg_try_advisory_xact_lock(20761005) THEN
           WITH gone AS (DELETE FROM tally RETURNING queue, state, n)
           INSERT INTO tally (queue, state, n)
           SELECT queue, state, sum(n) FROM gone GROUP BY queue, state HAVING sum(n) <> 0;
         END IF;
         RETURN NULL;
       END $$""",
    """CREATE TRIGGER tally_added AFTER INSERT ON tally
       FOR EACH ROW WHEN (NEW.id % 512 = 0) EXECUTE FUNCTION tally_add()""",
    "CREATE INDEX finding_words ON finding USING gin (words)",
    # What is searched is the index: the words themselves lie aside, so that the table stays narrow.
    "ALTER TABLE finding ALTER COLUMN words SET STORAGE EXTERNAL",
    "ALTER TABLE finding SET (toast_tuple_target = 128)",
)


def upgrade() -> None:
    _agents()
    _programs()
    _sayings()
    _requests()
    _counts_and_words()


def _agents() -> None:
    op.create_table(
        "agent",
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("full_name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("queues", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("disabled_at", Moment()),
        sa.PrimaryKeyConstraint("name"),
        sa.CheckConstraint("role IN ('agent', 'supervisor', 'operator', 'auditor')", name="role_known"),
    )
    op.create_table(
        "login",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("agent", sa.String(100), sa.ForeignKey("agent.name"), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("client_ip", sa.String(), nullable=False),
        sa.Column("user_agent", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index("ix_login_agent", "login", ["agent"])
    op.create_index("ix_login_expires_at", "login", ["expires_at"])


def _programs() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agent", sa.String(100), sa.ForeignKey("agent.name"), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("used_at", Moment()),
        sa.Column("expires_at", Moment()),
        sa.Column("revoked_at", Moment()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index("ix_api_token_agent", "api_token", ["agent"])
    op.create_table(
        "idempotency_key",
        sa.Column("agent", sa.String(100), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("request_hash", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("agent", "key"),
    )
    op.create_index("ix_idempotency_key_at", "idempotency_key", ["at"])
    op.create_table(
        "webhook",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("queues", sa.JSON(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("disabled_at", Moment()),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.Integer(), sa.ForeignKey("webhook.id"), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("next_attempt", Moment(), nullable=False),
        sa.Column("settled_at", Moment()),
        sa.Column("status", sa.Integer()),
        sa.Column("reply", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'failed')", name="state_known"),
    )
    op.create_index("ix_webhook_delivery_webhook_id", "webhook_delivery", ["webhook_id"])
    _index("webhook_delivery_waiting", "webhook_delivery", ("next_attempt", "id"), "state IN ('waiting')")


def _sayings() -> None:
    op.create_table(
        "upload",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), sa.ForeignKey("entry.id")),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_upload_entry_id", "upload", ["entry_id"])
    op.create_index("ix_upload_at", "upload", ["at"])
    op.create_table(
        "undo",
        sa.Column("entry_id", sa.Integer(), sa.ForeignKey("entry.id"), nullable=False, autoincrement=False),
        sa.Column("until", Moment(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id"),
    )
    op.create_index("ix_undo_until", "undo", ["until"])
    op.add_column("entry", sa.Column("withdrawn_at", Moment()))


def _requests() -> None:
    op.add_column("request", sa.Column("claimed_at", Moment()))
    op.execute("ALTER TABLE request ADD COLUMN merged_into INTEGER REFERENCES request (id)")
    op.drop_index("request_queue", "request")
    _index("request_urgency", "request", URGENCY, ALIVE)
    _index("request_waiting", "request", URGENCY, WAITING)
    _index("request_oldest", "request", ("queue", "id"), WAITING)
    _index("request_settled", "request", ("queue", "id"), SETTLED)
    _index("request_owner", "request", ("owner", "id"), f"owner <> '' AND {ALIVE}")


def _counts_and_words() -> None:
    op.create_table(
        "tally",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute("INSERT INTO tally (queue, state, n) SELECT queue, state, count(*) FROM request GROUP BY queue, state")
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    if is_postgresql:
        op.create_table(
            "finding",
            sa.Column("entry_id", sa.Integer(), nullable=False, autoincrement=False),
            sa.Column("words", TSVECTOR(), nullable=False),
            sa.PrimaryKeyConstraint("entry_id"),
        )
    for statement in POSTGRESQL if is_postgresql else SQLITE:
        op.get_bind().exec_driver_sql(statement)
    _enter_what_was_said()


def _enter_what_was_said() -> None:
    """Of an older version: found as what comes from now on."""
    some = sa.text(
        "SELECT entry.id, request.number, request.subject, customer.name, entry.author, entry.subject, "
        "CASE WHEN entry.reply_text <> '' THEN entry.reply_text ELSE entry.text END "
        "FROM entry JOIN request ON request.id = entry.request_id JOIN customer ON customer.id = request.customer_id "
        "WHERE entry.kind <> 'letter' AND entry.id > :last ORDER BY entry.id LIMIT 500")
    last = 0
    while rows := op.get_bind().execute(some, {"last": last}).all():
        search.enter(op.get_bind(), [(row[0], row[1:]) for row in rows])
        last = rows[-1][0]


def _index(name: str, table: str, columns: tuple[str | sa.TextClause, ...], where: str) -> None:
    op.create_index(name, table, list(columns), sqlite_where=sa.text(where), postgresql_where=sa.text(where))
