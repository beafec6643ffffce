"""Every table on one page.

Times are aware and UTC on both databases; words from closed sets are checked by the database; nothing is loaded
behind the reader's back: a table has columns only, and a question about two tables is a named query in store/.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel

RECEIVED_STATES = ("kept", "handled", "dropped", "shunted")
REQUEST_STATES = ("new", "open", "pending", "answered", "resolved", "closed")
ALIVE = ("new", "open", "pending", "answered")
"""States of a request that somebody still works on or waits for."""
OUTSTANDING = "state NOT IN ('new', 'open', 'resolved', 'closed')"
"""The customer's turn. Not as a list of the two: where one of them is asked for, SQLite would read both and sort."""
UNDATED = "(CASE WHEN due IS NULL THEN 1 ELSE 0 END)"
"""What has no due time comes behind what has one."""
ASKED = ("category", "language", "identity", "verification", "owner")
"""What lists are filtered by: the index of a list holds it, so that a filter that few meet fetches only these few."""
LETTER_STATES = ("waiting", "deferred", "sent", "bounced")
ENTRY_KINDS = ("mail", "answer", "question", "note", "letter")
VERIFICATION_STATES = ("asked", "verified", "expired")
VERIFICATION_BASES = ("file", "author", "stranger")
"""Whose mailbox an asking went to: the one on file; the author's, where no customer file is kept; the author's, who is
not on file, so that the answer proves the mailbox and no more."""
ROLES = ("agent", "supervisor", "operator", "auditor")
"""What an agent may do; which acts each may, says desk/roles."""
DELIVERY_STATES = ("waiting", "delivered", "failed")
"""Of what a webhook is told; failed: given up after many tries."""
STANDINGS = ("good", "closed", "blocked")
"""Of a customer: good; closed is a former one, who is asked but never known by the file alone; blocked is not asked."""


class Moment(TypeDecorator[datetime]):
    """A point in time: aware UTC in, aware UTC out, sortable text on SQLite."""

    impl = String(27)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        native = DateTime(timezone=True) if dialect.name == "postgresql" else String(27)
        return dialect.type_descriptor(native)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value!r}")
        return value.astimezone(UTC) if dialect.name == "postgresql" else _written(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None or isinstance(value, datetime):
            return value.astimezone(UTC) if value else None
        return datetime.fromisoformat(value)  # forty times as fast as strptime, and a list holds hundreds


@lru_cache(1000)
def _written(moment: datetime) -> str:
    """All rows of one event bear the same time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def _moment(*, nullable: bool = True, index: bool = False) -> Any:
    return Field(default=None, sa_column=Column(Moment, nullable=nullable, index=index))


def _json() -> Any:
    return Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


def _list() -> Any:
    return Field(default_factory=list, sa_column=Column(JSON, nullable=False))


def _one_of(column: str, words: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(word) for word in words)})", name=f"{column}_known")


class Row(SQLModel):
    """A line of a table. A value is set as SQLAlchemy sets it: what SQLModel does besides is for models of no table."""

    __setattr__ = object.__setattr__  # type: ignore[assignment]

    def __init__(self, **values: Any) -> None:
        given, made = _defaults(type(self))
        vars(self).update(given)
        vars(self).update({name: make() for name, make in made})
        vars(self).update(values)

    def __getattr__(self, name: str) -> Any:
        """Nothing stands elsewhere; pydantic would look in three more places, and SQLAlchemy asks each new row."""
        raise AttributeError(name)


@cache
def _defaults(kind: type[Row]) -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]]]:
    """What a column holds when nothing is given for it: values that rows may share, and what makes one for each row."""
    fields = kind.model_fields
    made: list[tuple[str, Any]] = [(name, field.default_factory) for name, field in fields.items()
                                   if field.default_factory is not None]
    given = {name: field.default for name, field in fields.items()
             if field.default_factory is None and not field.is_required()}
    return given, made


class Received(Row, table=True):
    """A mail that was kept (S2) and what became of it (S3 handled, dropped; S4 shunted). Its octets are in RawMail."""

    __table_args__ = (
        _one_of("state", RECEIVED_STATES),
        Index("received_to_handle", "next_attempt", "id", sqlite_where=text("state IN ('kept')"),
              postgresql_where=text("state IN ('kept')")),
        Index("received_shunted", "id", sqlite_where=text("state IN ('shunted')"),
              postgresql_where=text("state IN ('shunted')")),
        Index("received_of_request", "request_id", sqlite_where=text("request_id IS NOT NULL"),
              postgresql_where=text("request_id IS NOT NULL")),
    )

    id: int | None = Field(default=None, primary_key=True)
    kept_at: datetime = _moment(nullable=False)
    digest: str | None = Field(default=None, unique=True, max_length=64)
    """SHA-256 over Message-ID, recipients and content; None without a Message-ID. What comes twice is kept once."""
    client_ip: str = ""
    helo: str = ""
    tls: bool = False
    protocol: str = "ESMTP"
    reverse_path: str = ""
    recipients: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    size: int = 0
    verdict: dict[str, Any] = _json()
    """Verdict.as_json() of gateway/mail/authres.py."""
    quarantined: bool = False
    """The door's policy kept it only for the quarantine queue: no automatic answer."""
    state: str = "kept"
    attempts: int = 0
    next_attempt: datetime = _moment(nullable=False)
    reason: str = ""
    """Why it was dropped, or what failed at the last try."""
    request_id: int | None = Field(default=None, foreign_key="request.id")
    handled_at: datetime | None = _moment()


class RawMail(Row, table=True):
    """The octets of a kept mail, our trace fields in front. Apart from Received, whose row changes; this never does."""

    __tablename__ = "raw_mail"

    received_id: int = Field(primary_key=True, foreign_key="received.id", sa_column_kwargs={"autoincrement": False})
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """All of them; of a mail whose body is in a file (store/raw), the header."""
    body_at: int | None = None
    """Where the body begins in the file; None where there is none."""


class Sighting(Row, table=True):
    """A DKIM signature that passed, and how often mails that bear it were kept: what comes again is a replay."""

    signature: str = Field(primary_key=True, max_length=64)
    """SHA-256 of b=, in hexadecimal."""
    last_at: datetime = _moment(nullable=False, index=True)
    times: int = 1


class Refusal(Row, table=True):
    """What the door sent away, and why: it answers "where is my mail"."""

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = _moment(nullable=False, index=True)
    client_ip: str = ""
    helo: str = ""
    reverse_path: str = Field(default="", index=True)
    """As the client gave it, lower case; "" for the null path, and before MAIL."""
    recipients: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    author: str = Field(default="", index=True)
    """The address in From, lower case, when the mail itself was refused."""
    size: int = 0
    """Octets of the mail, when it came so far."""
    reply: str
    """Code, enhanced status and sentence, as the client heard it."""


class Deferral(Row, table=True):
    """A sender who was told to come again (451), by the author's domain and the client's net."""

    domain: str = Field(primary_key=True)
    client_net: str = Field(primary_key=True)
    first_at: datetime = _moment(nullable=False)
    last_at: datetime = _moment(nullable=False, index=True)


class Customer(Row, table=True):
    """Somebody who wrote to us, by address."""

    id: int | None = Field(default=None, primary_key=True)
    address: str = Field(unique=True)
    """Lower case."""
    name: str = ""
    language: str = ""
    created_at: datetime = _moment(nullable=False)


class Request(Row, table=True):
    """One matter of one customer, from the first mail to its end."""

    __table_args__ = (
        _one_of("state", REQUEST_STATES),
        Index("request_urgency", "queue", text("priority DESC"), text(UNDATED), "due", "id", "state", *ASKED,
              sqlite_where=text("state IN ('new', 'open', 'pending', 'answered')"),
              postgresql_where=text("state IN ('new', 'open', 'pending', 'answered')")),
        Index("request_waiting", "queue", text("priority DESC"), text(UNDATED), "due", "id", "state", *ASKED,
              sqlite_where=text("state IN ('new', 'open')"), postgresql_where=text("state IN ('new', 'open')")),
        Index("request_oldest", "queue", "id", sqlite_where=text("state IN ('new', 'open')"),
              postgresql_where=text("state IN ('new', 'open')")),
        Index("request_settled", "queue", "id", "state", *ASKED,
              sqlite_where=text("state IN ('resolved', 'closed')"),
              postgresql_where=text("state IN ('resolved', 'closed')")),
        Index("request_owner", "owner", "id",
              sqlite_where=text("owner <> '' AND state IN ('new', 'open', 'pending', 'answered')"),
              postgresql_where=text("owner <> '' AND state IN ('new', 'open', 'pending', 'answered')")),
        Index("request_outstanding", "queue", "state", text("priority DESC"), text(UNDATED), "due", "id", *ASKED,
              sqlite_where=text(OUTSTANDING), postgresql_where=text(OUTSTANDING)),
        Index("request_held", "is_held", "id", sqlite_where=text("is_held = TRUE"),
              postgresql_where=text("is_held = TRUE")),
        Index("request_of_owner", "owner", "id",
              sqlite_where=text("owner <> '' AND state IN ('resolved', 'closed')"),
              postgresql_where=text("owner <> '' AND state IN ('resolved', 'closed')")),
        # A report reads the index alone.
        Index("request_figures", "created_at", "queue", "category", "identity", "answered_at", "resolved_at",
              "reopened", "rating", "id"),
        Index("request_alive", "created_at", "queue",
              sqlite_where=text("state IN ('new', 'open', 'pending', 'answered')"),
              postgresql_where=text("state IN ('new', 'open', 'pending', 'answered')")),
    )

    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    subject: str = ""
    state: str = "new"
    category: str = "other"
    language: str = "en"
    queue: str = "general"
    priority: int = 3
    """1 (can wait) to 5 (now)."""
    due: datetime | None = _moment()
    """When the next act of ours is due; None while we wait for the customer."""
    owner: str = ""
    """The agent who has it, also after an answer: it comes back to the same one."""
    lease_until: datetime | None = _moment()
    """While in the future nobody else is given it."""
    claimed_at: datetime | None = _moment()
    """Since when the owner has it."""
    identity: str = "unknown"
    """Identity of the mail that opened it (gateway/mail/authres.py)."""
    identity_because: str = ""
    verification: str = ""
    """Of the person (step 3): "" not asked, asked, verified, mailbox (an answer came, but from nobody on file),
    rejected (by an agent), expired (no proof came, or it is too old)."""
    verification_because: str = ""
    on_file: str = ""
    """What the customer file said about the mail that opened it, a sentence; "" when none is kept."""
    held_for: int | None = Field(default=None, foreign_key="request.id")
    """The request this may belong to, until an agent decides by `release`."""
    is_held: bool = False
    """Doubtful evidence or quarantine: no letter goes out before an agent releases it."""
    created_at: datetime = _moment(nullable=False)
    changed_at: datetime = _moment(nullable=False)
    customer_wrote_at: datetime | None = _moment()
    answered_at: datetime | None = _moment()
    """First answer."""
    resolved_at: datetime | None = _moment()
    closed_at: datetime | None = _moment()
    resolution: str = ""
    """How it ended: confirmed, silent, resolved (by an agent), merged or spam."""
    merged_into: int | None = Field(default=None, foreign_key="request.id")
    """The request that what was said here is part of now."""
    reopened: int = 0
    rating: int | None = None
    """1 (bad) to 5 (good), the customer's word."""
    last_entry: int = 0
    """Id of the newest entry that came from the customer: what `--seen` is compared with."""


class Entry(Row, table=True):
    """One thing said in a request, in time order: a mail, an answer, a question, a note, or a letter of ours."""

    __table_args__ = (_one_of("kind", ENTRY_KINDS),)

    id: int | None = Field(default=None, primary_key=True)
    request_id: int = Field(foreign_key="request.id", index=True)
    at: datetime = _moment(nullable=False)
    kind: str
    author: str = ""
    """Customer's address, agent's name, or the handler."""
    subject: str = ""
    text: str = ""
    """Readable body."""
    reply_text: str = ""
    """Of a mail: the new words only; "" where there is nothing else in it."""
    message_id: str = Field(default="", index=True)
    """With angle brackets; of the mail or of our letter."""
    received_id: int | None = Field(default=None, foreign_key="received.id")
    letter_id: int | None = Field(default=None, foreign_key="letter.id", index=True)
    identity: str = ""
    """Of a mail: how far its domain stands behind it."""
    withdrawn_at: datetime | None = _moment()
    """The agent took it back before it went out: it was never said."""


class Attachment(Row, table=True):
    """What an agent sees of an attachment; its octets are in the raw mail."""

    id: int | None = Field(default=None, primary_key=True)
    entry_id: int = Field(foreign_key="entry.id", index=True)
    position: int = 0
    """Index in Message.attachments of the raw mail."""
    filename: str = ""
    content_type: str = ""
    size: int = 0
    sha256: str = ""
    findings: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class Letter(Row, table=True):
    """A mail of ours in the outbox, and after: where it went and what the next host said."""

    __table_args__ = (
        _one_of("state", LETTER_STATES),
        Index("letter_to_send", "next_attempt", "id", sqlite_where=text("state IN ('waiting', 'deferred')"),
              postgresql_where=text("state IN ('waiting', 'deferred')")),
        Index("letter_to_report", "id", sqlite_where=text("state IN ('bounced') AND is_reported = 0"),
              postgresql_where=text("state IN ('bounced') AND NOT is_reported")),
        Index("letter_by_template", "template", "created_at"),
        Index("letter_figures", "created_at", "state", "request_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    request_id: int | None = Field(default=None, foreign_key="request.id", index=True)
    template: str = ""
    created_at: datetime = _moment(nullable=False)
    reverse_path: str = ""
    recipient: str = Field(index=True)
    message_id: str = Field(default="", index=True)
    subject: str = ""
    raw: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """The whole message, CRLF line ends, not yet signed."""
    is_automatic: bool = True
    """Written by the desk, not by an agent: counts against the cap per address."""
    state: str = "waiting"
    attempts: int = 0
    next_attempt: datetime = _moment(nullable=False)
    claimed_until: datetime | None = _moment()
    """While in the future a worker has it in hand."""
    reply: str = ""
    """What the next host said last, or why it could not be reached."""
    settled_at: datetime | None = _moment()
    is_reported: bool = False
    """A bounced letter was taken up as the event `returned`."""


class Verification(Row, table=True):
    """One asking for proof that the person reads the mailbox: a one-time capability in a letter."""

    __table_args__ = (_one_of("state", VERIFICATION_STATES), _one_of("basis", VERIFICATION_BASES))

    id: int | None = Field(default=None, primary_key=True)
    request_id: int = Field(foreign_key="request.id", index=True)
    sent_to: str
    asked_at: datetime = _moment(nullable=False)
    expires_at: datetime = _moment(nullable=False)
    attempts: int = 0
    """Answers that did not prove it."""
    state: str = "asked"
    settled_at: datetime | None = _moment()
    basis: str = "author"
    """Whose mailbox sent_to is: one of VERIFICATION_BASES."""
    account: str = ""
    """The account on file that it is about."""


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """One line of the customer file, which is not ours: store/customers reads it."""

    address: str
    """Lower case, its domain in A-labels."""
    name: str = ""
    account: str = ""
    standing: str = "good"
    """One of STANDINGS."""


class Wake(Row, table=True):
    """A handler asked to be woken about a request: the event `due`."""

    __table_args__ = (
        Index("wake_waiting", "at", "id", sqlite_where=text("done_at IS NULL"),
              postgresql_where=text("done_at IS NULL")),
    )

    id: int | None = Field(default=None, primary_key=True)
    request_id: int = Field(foreign_key="request.id", index=True)
    handler: str
    purpose: str
    """The handler's own word for why, such as "reminder". One waiting wake per request, handler and purpose."""
    at: datetime = _moment(nullable=False)
    attempts: int = 0
    done_at: datetime | None = _moment()


class History(Row, table=True):
    """Every decision with who made it and why: the audit, and what `explain` prints."""

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = _moment(nullable=False, index=True)
    request_id: int | None = Field(default=None, foreign_key="request.id", index=True)
    received_id: int | None = Field(default=None, foreign_key="received.id", index=True)
    event: str
    """received, answered, rated, returned, due; or act for what an agent did."""
    handler: str
    """The handler, or the agent's name."""
    decision: str
    """The decision in lower case: open, join, send ..."""
    detail: dict[str, Any] = _json()
    because: str = ""


class Figure(Row, table=True):
    """A number recorded for improving the service, such as a rating (decision Record)."""

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = _moment(nullable=False, index=True)
    request_id: int = Field(foreign_key="request.id", index=True)
    name: str
    value: float


class Counter(Row, table=True):
    """Running numbers: the last one given in a year."""

    name: str = Field(primary_key=True)
    value: int = 0


class Tally(Row, table=True):
    """How many requests are in a queue and state: the sum of n. Triggers on `request` add a line for each change, and
    put the lines together now and then; so no two transactions wait for one another's count."""

    __table_args__ = (Index("tally_sums", "queue", "state", "n"),)

    id: int | None = Field(default=None, primary_key=True)
    queue: str
    state: str
    n: int


_LARGE = BigInteger().with_variant(Integer, "sqlite")
"""An integer that has eight octets on PostgreSQL too."""


class DueTally(Row, table=True):
    """How many waiting requests of a queue fall due in an hour: the sum of n. Kept by triggers as Tally is."""

    __tablename__ = "due_tally"
    __table_args__ = (Index("due_tally_late", "queue", "hour", "n"),)

    id: int | None = Field(default=None, sa_column=Column(_LARGE, primary_key=True))
    queue: str
    hour: datetime = _moment(nullable=False)
    """When it begins."""
    n: int


class KeptDay(Row, table=True):
    """What a day that is over came to (store/days). Triggers strike it out when one of its figures changes; of requests
    they note the change instead (LateChange)."""

    __tablename__ = "kept_day"

    kind: str = Field(primary_key=True)
    """What was counted: opened, letters or taught."""
    until: datetime = Field(sa_column=Column(Moment, primary_key=True))
    since: datetime = _moment(nullable=False)
    lines: list[Any] = _list()
    lapses: bytes = Field(default=b"", sa_column=Column(LargeBinary, nullable=False))
    """Seconds from opening to first answer and to resolution, as doubles, line by line."""


class LateChange(Row, table=True):
    """What a request adds to a kept day, or takes from it (store/days). Only triggers write it: a request that changed
    is taken as it was, and added as it is."""

    __tablename__ = "late_change"

    id: int | None = Field(default=None, primary_key=True)
    created_at: datetime = _moment(nullable=False, index=True)
    """Of the request: it belongs to that day."""
    n: int
    """1 or -1; 0 where the customer said something and nothing else changed."""
    queue: str
    category: str
    identity: str
    answered_at: datetime | None = _moment()
    resolved_at: datetime | None = _moment()
    reopened: int
    rating: int | None
    thanks: int
    not_solved: int


class Finding(Row, table=True):
    """The words by which search finds what was said (store/search). On SQLite an FTS5 index without the text."""

    entry_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    words: str = Field(sa_column=Column(TSVECTOR().with_variant(Text, "sqlite"), nullable=False))


class Lesson(Row, table=True):
    """How many mails that bear a label hold a feature: what agents taught (desk/suggestion). It is only ever added to,
    so that several gateways teach side by side."""

    kind: str = Field(primary_key=True)
    """category or queue."""
    feature: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    """As desk/suggestion counts them; -1 for the mails themselves."""
    label: str = Field(primary_key=True)
    n: int


class Taught(Row, table=True):
    """What an agent made of a request, and what would have been suggested just before: how often it was right."""

    request_id: int = Field(primary_key=True, foreign_key="request.id", sa_column_kwargs={"autoincrement": False})
    at: datetime = _moment(nullable=False, index=True)
    category: str
    queue: str
    said_category: str = ""
    """"" when nothing was suggested."""
    category_confidence: float = 0.0
    said_queue: str = ""
    queue_confidence: float = 0.0


# ---- agents ----


class Agent(Row, table=True):
    """Somebody who works at the desk."""

    __table_args__ = (_one_of("role", ROLES),)

    name: str = Field(primary_key=True, max_length=100)
    """Login name, lower case."""
    full_name: str = ""
    """As letters are signed."""
    password_hash: str = ""
    """argon2; "" is no password: cannot log in."""
    role: str = "agent"
    queues: list[str] = _list()
    """The queues they may see; none named is all."""
    language: str = "en"
    created_at: datetime = _moment(nullable=False)
    disabled_at: datetime | None = _moment()


class Login(Row, table=True):
    """An agent at a browser."""

    token_hash: str = Field(primary_key=True, max_length=64)
    """SHA-256 of the cookie, in hexadecimal."""
    agent: str = Field(foreign_key="agent.name", index=True)
    created_at: datetime = _moment(nullable=False)
    seen_at: datetime = _moment(nullable=False)
    expires_at: datetime = _moment(nullable=False, index=True)
    client_ip: str = ""
    user_agent: str = ""


class ApiToken(Row, table=True):
    """A program that acts for an agent."""

    __tablename__ = "api_token"

    id: int | None = Field(default=None, primary_key=True)
    agent: str = Field(foreign_key="agent.name", index=True)
    token_hash: str = Field(unique=True, max_length=64)
    """SHA-256, in hexadecimal; the token itself is shown once and kept nowhere."""
    label: str = ""
    scopes: list[str] = _list()
    created_at: datetime = _moment(nullable=False)
    used_at: datetime | None = _moment()
    expires_at: datetime | None = _moment()
    revoked_at: datetime | None = _moment()


class IdempotencyKey(Row, table=True):
    """An HTTP request that was answered: with the same key it is answered so again, and done once."""

    __tablename__ = "idempotency_key"

    agent: str = Field(primary_key=True, max_length=100)
    key: str = Field(primary_key=True, max_length=200)
    request_hash: str
    """SHA-256 of method, path and body: a key serves one HTTP request."""
    status: int
    body: dict[str, Any] = _json()
    at: datetime = _moment(nullable=False, index=True)


class Upload(Row, table=True):
    """A file that an agent attaches to an answer. entry_id: what it was said with; None until then."""

    id: int | None = Field(default=None, primary_key=True)
    entry_id: int | None = Field(default=None, foreign_key="entry.id", index=True)
    agent: str
    filename: str
    content_type: str
    size: int
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    at: datetime = _moment(nullable=False, index=True)


class Undo(Row, table=True):
    """What an agent's saying changed, so long as it can be taken back."""

    entry_id: int = Field(primary_key=True, foreign_key="entry.id", sa_column_kwargs={"autoincrement": False})
    until: datetime = _moment(nullable=False, index=True)
    changes: dict[str, Any] = _json()
    """Of the request and its wakes: by column what stood there before and after."""


class Webhook(Row, table=True):
    """Another program that is told what happens."""

    id: int | None = Field(default=None, primary_key=True)
    url: str
    secret: str
    """Key of the HMAC that every delivery is signed with."""
    label: str = ""
    events: list[str] = _list()
    """Kinds of events that it is told; none named is all."""
    queues: list[str] = _list()
    """Of requests in these queues; none named is all."""
    created_at: datetime = _moment(nullable=False)
    created_by: str = ""
    disabled_at: datetime | None = _moment()
    reason: str = ""
    """Why it was disabled."""


class WebhookDelivery(Row, table=True):
    """One thing that a webhook is told."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        _one_of("state", DELIVERY_STATES),
        Index("webhook_delivery_waiting", "next_attempt", "id", sqlite_where=text("state IN ('waiting')"),
              postgresql_where=text("state IN ('waiting')")),
    )

    id: int | None = Field(default=None, primary_key=True)
    webhook_id: int = Field(foreign_key="webhook.id", index=True)
    event: str
    body: dict[str, Any] = _json()
    state: str = "waiting"
    attempts: int = 0
    created_at: datetime = _moment(nullable=False)
    next_attempt: datetime = _moment(nullable=False)
    settled_at: datetime | None = _moment()
    status: int | None = None
    """HTTP status of the last try."""
    reply: str = ""
    """Why the last try failed."""


def columns(table: type[SQLModel]) -> Any:
    """The table as a query sees it: `columns(Request).due` is a column, where `Request.due` is typed as its value."""
    return table


def is_in(state: Any, words: tuple[str, ...]) -> ColumnElement[bool]:
    """A state is one of these words, written into the SQL as it stands, so that the partial index over it serves."""
    condition: ColumnElement[bool] = state.in_([literal_column(repr(word)) for word in words])
    return condition
