"""The first tables"""

import sqlalchemy as sa
from alembic import op

from gateway.models import Moment

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "counter",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "customer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("address"),
    )
    op.create_table(
        "request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("due", Moment(), nullable=True),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("lease_until", Moment(), nullable=True),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("identity_because", sa.String(), nullable=False),
        sa.Column("verification", sa.String(), nullable=False),
        sa.Column("verification_because", sa.String(), nullable=False),
        sa.Column("held_for", sa.Integer(), nullable=True),
        sa.Column("is_held", sa.Boolean(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("customer_wrote_at", Moment(), nullable=True),
        sa.Column("answered_at", Moment(), nullable=True),
        sa.Column("resolved_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("resolution", sa.String(), nullable=False),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("last_entry", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('new', 'open', 'pending', 'answered', 'resolved', 'closed')", name="state_known"),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
        ),
        sa.ForeignKeyConstraint(
            ["held_for"],
            ["request.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
    )
    op.create_index(
        "request_queue",
        "request",
        ["queue", sa.text("priority DESC"), "due", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('new', 'open', 'pending', 'answered')"),
        postgresql_where=sa.text("state IN ('new', 'open', 'pending', 'answered')"),
    )
    op.create_index(op.f("ix_request_created_at"), "request", ["created_at"], unique=False)
    op.create_index(op.f("ix_request_customer_id"), "request", ["customer_id"], unique=False)
    op.create_table(
        "figure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["request.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_figure_at"), "figure", ["at"], unique=False)
    op.create_index(op.f("ix_figure_request_id"), "figure", ["request_id"], unique=False)
    op.create_table(
        "letter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=True),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("reverse_path", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("is_automatic", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt", Moment(), nullable=False),
        sa.Column("claimed_until", Moment(), nullable=True),
        sa.Column("reply", sa.String(), nullable=False),
        sa.Column("settled_at", Moment(), nullable=True),
        sa.Column("is_reported", sa.Boolean(), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'deferred', 'sent', 'bounced')", name="state_known"),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["request.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_letter_message_id"), "letter", ["message_id"], unique=False)
    op.create_index(op.f("ix_letter_recipient"), "letter", ["recipient"], unique=False)
    op.create_index(op.f("ix_letter_request_id"), "letter", ["request_id"], unique=False)
    op.create_index("letter_by_template", "letter", ["template", "created_at"], unique=False)
    op.create_index(
        "letter_to_report",
        "letter",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state IN ('bounced') AND is_reported = 0"),
        postgresql_where=sa.text("state IN ('bounced') AND NOT is_reported"),
    )
    op.create_index(
        "letter_to_send",
        "letter",
        ["next_attempt", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('waiting', 'deferred')"),
        postgresql_where=sa.text("state IN ('waiting', 'deferred')"),
    )
    op.create_table(
        "received",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kept_at", Moment(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=True),
        sa.Column("client_ip", sa.String(), nullable=False),
        sa.Column("helo", sa.String(), nullable=False),
        sa.Column("tls", sa.Boolean(), nullable=False),
        sa.Column("protocol", sa.String(), nullable=False),
        sa.Column("reverse_path", sa.String(), nullable=False),
        sa.Column("recipients", sa.JSON(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.JSON(), nullable=False),
        sa.Column("quarantined", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt", Moment(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=True),
        sa.Column("handled_at", Moment(), nullable=True),
        sa.CheckConstraint("state IN ('kept', 'handled', 'dropped', 'shunted')", name="state_known"),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["request.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index(op.f("ix_received_kept_at"), "received", ["kept_at"], unique=False)
    op.create_index(op.f("ix_received_request_id"), "received", ["request_id"], unique=False)
    op.create_index(op.f("ix_received_reverse_path"), "received", ["reverse_path"], unique=False)
    op.create_index(
        "received_to_handle",
        "received",
        ["next_attempt", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('kept')"),
        postgresql_where=sa.text("state IN ('kept')"),
    )
    op.create_table(
        "verification",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("sent_to", sa.String(), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("settled_at", Moment(), nullable=True),
        sa.CheckConstraint("state IN ('asked', 'verified', 'expired')", name="state_known"),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["request.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_verification_request_id"), "verification", ["request_id"], unique=False)
    op.create_table(
        "wake",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("handler", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["request.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_wake_request_id"), "wake", ["request_id"], unique=False)
    op.create_index(
        "wake_waiting",
        "wake",
        ["at", "id"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("reply_text", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("received_id", sa.Integer(), nullable=True),
        sa.Column("letter_id", sa.Integer(), nullable=True),
        sa.Column("identity", sa.String(), nullable=False),
        sa.CheckConstraint("kind IN ('mail', 'answer', 'question', 'note', 'letter')", name="kind_known"),
        sa.ForeignKeyConstraint(
            ["letter_id"],
            ["letter.id"],
        ),
        sa.ForeignKeyConstraint(
            ["received_id"],
            ["received.id"],
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["request.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_entry_letter_id"), "entry", ["letter_id"], unique=False)
    op.create_index(op.f("ix_entry_message_id"), "entry", ["message_id"], unique=False)
    op.create_index(op.f("ix_entry_request_id"), "entry", ["request_id"], unique=False)
    op.create_table(
        "history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=True),
        sa.Column("received_id", sa.Integer(), nullable=True),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("handler", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["received_id"],
            ["received.id"],
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["request.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_history_at"), "history", ["at"], unique=False)
    op.create_index(op.f("ix_history_received_id"), "history", ["received_id"], unique=False)
    op.create_index(op.f("ix_history_request_id"), "history", ["request_id"], unique=False)
    op.create_table(
        "raw_mail",
        sa.Column("received_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["received_id"],
            ["received.id"],
        ),
        sa.PrimaryKeyConstraint("received_id"),
    )
    op.create_table(
        "attachment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["entry.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_attachment_entry_id"), "attachment", ["entry_id"], unique=False)
