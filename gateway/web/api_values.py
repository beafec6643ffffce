"""What the API says and hears, as types: the schemas of /api/v1/openapi.json are made of these.

Times are RFC 3339 in UTC. Texts of customers are theirs: never markup of ours, never to be obeyed.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from gateway.desk import badges
from gateway.models import Attachment, Customer, Entry, History, Letter, Request, Verification
from gateway.store.database import storable
from gateway.store.queue import Line

LARGEST_ID = 2**31 - 1
LONGEST_TEXT = 200_000
"""Characters that an agent may say at once."""

Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Word = Annotated[str, StringConstraints(max_length=200), AfterValidator(storable)]
"""A name, a filter: one line that goes into the database."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(storable)]
Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT), AfterValidator(storable)]


class Value(BaseModel):
    """Something the API says."""

    model_config = ConfigDict(from_attributes=True, frozen=True, use_attribute_docstrings=True)


class Heard(BaseModel):
    """Something the API is told: unknown names are refused, so that a slip is not taken for consent."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


# ---- lists ---------------------------------------------------------------------------------------------------------


class QueueValue(Value):
    """One queue and how much is in it."""

    queue: str
    waiting: int
    """Requests whose next act is ours."""
    alive: int
    """These and those that wait for the customer."""
    overdue: int
    oldest: datetime | None


class Queues(Value):
    items: list[QueueValue]


class BadgeValue(Value):
    """How sure we are, and whose word it is."""

    level: str
    badge: str
    because: str


class CustomerValue(Value):
    address: str
    name: str


class Matter(Value):
    """What is told of a request wherever it stands."""

    number: str
    subject: str
    state: str
    category: str
    language: str
    queue: str
    priority: int
    """1 (can wait) to 5 (now)."""
    due: datetime | None
    owner: str
    claimed_at: datetime | None
    lease_until: datetime | None
    """While in the future, nobody else is given it."""
    is_held: bool
    """Doubtful evidence: no letter goes out before an agent decides."""
    created_at: datetime
    changed_at: datetime
    customer_wrote_at: datetime | None
    resolution: str
    rating: int | None
    seen: int
    """The newest entry that came from the customer: `seen` of an answer."""
    identity: BadgeValue
    """Of the mail: how far its domain stands behind it."""
    person: BadgeValue
    """Whether it is this person."""
    customer: CustomerValue


class RequestLine(Matter):
    """One request in a list."""

    @classmethod
    def of(cls, line: Line) -> Self:
        customer = CustomerValue(address=line.customer, name=line.customer_name)
        return cls(**_told(line, cls) | _badges(line) | {"seen": line.last_entry, "customer": customer})


class RequestPage(Value):
    """A page of requests. next: `cursor` of the following page; null when this is the last."""

    items: list[RequestLine]
    next: str | None


# ---- one request ---------------------------------------------------------------------------------------------------


class FindingValue(Value):
    """Something odd about a mail."""

    finding: str
    sentence: str


class AttachmentValue(Value):
    """A file that came with a mail, or went out with an answer. Its octets: .../attachments/<id>."""

    id: int
    filename: str
    content_type: str
    """As the sender says."""
    size: int
    sha256: str
    findings: list[str]


class LetterValue(Value):
    """What became of a letter of ours."""

    state: str
    """waiting, deferred, sent or bounced."""
    recipient: str
    reply: str
    """What the other side said last."""
    next_attempt: datetime
    settled_at: datetime | None


class EntryValue(Value):
    """One thing said. The words of a mail are a stranger's: untrusted."""

    id: int
    at: datetime
    kind: str
    """mail, answer, question, note or letter."""
    author: str
    subject: str
    text: str
    reply_text: str
    """Of a mail: the new words only."""
    identity: str
    withdrawn_at: datetime | None
    """Taken back before it went out."""
    has_raw: bool
    """Whether .../entries/<id>/raw gives the mail as it came."""
    findings: list[FindingValue]
    attachments: list[AttachmentValue]
    letter: LetterValue | None


class VerificationValue(Value):
    """The newest asking for proof of the person."""

    state: str
    sent_to: str
    asked_at: datetime
    expires_at: datetime
    attempts: int
    basis: str
    account: str


class OtherRequest(Value):
    """Another request of the same customer."""

    number: str
    subject: str
    state: str
    queue: str
    created_at: datetime


class RequestValue(Matter):
    """One request with its conversation, oldest first. The ETag of this answer is what If-Match wants."""

    held_for: str | None
    """The number of the request that it may belong to."""
    merged_into: str | None
    answered_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    reopened: int
    on_file: str
    verification: VerificationValue | None
    entries: list[EntryValue]
    others: list[OtherRequest]

    @classmethod
    def of(cls, request: Request, customer: Customer, **more: Any) -> Self:
        """`more`: held_for, merged_into, verification, entries, others."""
        whose = CustomerValue.model_validate(customer)
        return cls(**_told(request, cls) | _badges(request) | {"seen": request.last_entry, "customer": whose} | more)


def entry_value(entry: Entry, findings: Iterable[str], attachments: Sequence[Attachment],
                letter: Letter | None) -> EntryValue:
    """An entry with all that hangs on it."""
    odd = [FindingValue(finding=finding, sentence=sentence) for finding, sentence in badges.sentences(findings)]
    files = [AttachmentValue.model_validate(each) for each in attachments]
    outbox = LetterValue.model_validate(letter) if letter else None
    new = {"reply_text": entry.reply_text or entry.text} if entry.kind == "mail" else {}
    return EntryValue(**_told(entry, EntryValue) | new, has_raw=entry.received_id is not None, findings=odd,
                      attachments=files, letter=outbox)


def verification_value(verification: Verification | None) -> VerificationValue | None:
    return VerificationValue.model_validate(verification) if verification else None


class IdentityValue(Value):
    """Whose mail it is, by DNS: each check of the mail that opened the request."""

    identity: BadgeValue
    person: BadgeValue
    on_file: str
    checks: dict[str, Any]
    """SPF, DKIM, ARC, DMARC and iprev as the door found them; {} when no mail opened it."""
    findings: list[FindingValue]


class SuggestionValue(Value):
    """What agents' work so far says of a request."""

    label: str
    confidence: float
    """0 to 1."""


class SuggestedValue(Value):
    """What it may be about and where it may belong; null where nothing can be said."""

    category: SuggestionValue | None
    queue: SuggestionValue | None


class HistoryValue(Value):
    """One decision, and why."""

    id: int
    at: datetime
    event: str
    who: str
    """The step of the journey, or the agent."""
    decision: str
    because: str
    detail: dict[str, Any]

    @classmethod
    def of(cls, row: History) -> Self:
        return cls(**_told(row, cls), who=row.handler)


class HistoryLines(Value):
    items: list[HistoryValue]


def _told(row: object, model: type[BaseModel]) -> dict[str, Any]:
    """The values of a row that a model has by the same name."""
    return {name: getattr(row, name) for name in model.model_fields if hasattr(row, name)}


def _badges(request: Request | Line) -> dict[str, Any]:
    pair: Mapping[str, Mapping[str, str]] = badges.as_json(request)
    return {name: BadgeValue(**badge) for name, badge in pair.items()}
