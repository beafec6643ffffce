"""THE CONTRACT between the mail machine and this customer centre: what a handler knows, hears and can say.

A handler is one step of the customer's journey: one file in handlers/, one class, no I/O. The desk loads the facts
(Case), asks the handlers in the order of config.toml, and applies what they say (decisions), all in one transaction.

1. A decision is applied before the generator goes on: after `yield Open(...)` the handler may read `case.request`.
2. Case is complete: what is not in it cannot be asked for.
3. Time is `case.now`.
4. Drop ends the event; the mail stays in the store with its reason. No later handler is asked.
5. A handler that raises rolls back its mail; after `[desk] attempts` tries the mail is shunted for a person.
6. Every decision carries its reason in one sentence (`because`): that is the audit, and what `explain` prints.

The settings of a handler are its fields, read from [handlers.<name>] in config.toml; its events are its methods.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Annotated, ClassVar

from pydantic import Field

from gateway.config import Duration, Section, Site
from gateway.mail.addresses import address_key, masked
from gateway.mail.authres import DNS_LOST, Identity, Verdict
from gateway.mail.automatic import automatic, may_answer_person
from gateway.mail.dsn import FailedRecipient
from gateway.mail.envelope import Envelope, domain_of
from gateway.mail.machine import Kind, kind
from gateway.mail.message import Message
from gateway.mail.words import fold
from gateway.models import Customer, CustomerRecord, Letter, Request, Verification

__all__ = [
    "Answer", "Asking", "Bounce", "Case", "Count", "CustomerRecord", "Decision", "Decisions", "Degree", "Drop", "Due",
    "Duration", "Evidence", "FailedRecipient", "Handler", "Hold", "Identity", "Join", "Label", "Mail", "Message",
    "Move", "Note", "OnFile", "Open", "Place", "Proof", "Rating", "Record", "Request", "Section", "Send", "Template",
    "Verification", "Wake", "address_key", "domain_of", "fold", "masked",
]

# ---- what a handler hears: events ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mail:
    """Event received: a mail of a customer, kept and authenticated."""

    message: Message
    envelope: Envelope
    verdict: Verdict
    site: Site
    is_quarantined: bool = False
    """The door's policy let it in for the quarantine queue only."""

    @cached_property
    def automatic(self) -> str:
        """Why a machine wrote it (RFC 3834), "" when a person did."""
        return automatic(self.message, self.envelope)

    @property
    def is_automatic(self) -> bool:
        return bool(self.automatic)

    @cached_property
    def machine(self) -> Kind:
        """"" for a person's mail; reply (out of office, receipt: nobody says anything), report (abuse, DMARC, TLS),
        bulk (list posts, newsletters) or program (anything else, such as a web form's mail)."""
        return kind(self.message, self.envelope) if self.automatic else ""

    @cached_property
    def may_acknowledge(self) -> tuple[bool, str]:
        """Whether an automatic answer may go out at all, with the reason (RFC 3834 section 2)."""
        if DNS_LOST in self.verdict.findings:
            return False, "The sender's name servers failed for hours: nobody is answered who cannot be checked."
        if self.automatic:
            return False, self.automatic
        return may_answer_person(self.message, self.envelope, self.site.support)


@dataclass(frozen=True, slots=True)
class Answer:
    """Event answered: an agent said something. kind: answer, question (we now wait for the customer), note; and
    without a text resolution (the agent takes the matter for settled) and reopening (it is not settled after all)."""

    kind: str
    text: str
    agent: str
    quotes: bool = True
    """The customer's last mail stands below the words."""


@dataclass(frozen=True, slots=True)
class Rating:
    """Event rated: the customer wrote to one of the rating addresses of our letter, or pressed it on their page."""

    value: int
    """1 (bad) to 5 (good); 0 when they say no more than that it is not solved."""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Bounce:
    """Event returned: a letter of ours did not arrive, told by a mail at its bounce address or by the next host."""

    letter: Letter
    failed: tuple[FailedRecipient, ...]
    reason: str
    """What the other side said, one line; hostile text."""
    is_automatic_reply: bool = False
    """Not a delivery status but a machine's answer that came to the bounce address."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Event proved: somebody says, not by mail, whether the person is who they claim to be.

    by: link (whoever reads the verification letter pressed its link) or agent (who decided it, and gave a reason).
    """

    by: str
    agent: str = ""
    holds: bool = True
    """False: the agent decided that it is not this person."""
    because: str = ""
    """The agent's reason."""


@dataclass(frozen=True, slots=True)
class Due:
    """Event due: a wake that this handler asked for. purpose: the handler's own word."""

    handler: str
    purpose: str


# ---- what a handler knows: the case --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Evidence:
    """What ties a mail to a request that is already there. Case holds them strongest first."""

    kind: str
    """capability: it came to our reply address with its MAC; verification: to the one-time address of step 3; copy: its
    own Message-ID is in the request already; reference: it names a Message-ID of ours; number: it names the number."""
    request: Request
    is_participant: bool
    """The author is the request's customer."""
    verification: Verification | None = None
    """The asking that the address belongs to, for kind verification."""


@dataclass(frozen=True, slots=True)
class OnFile:
    """What the customer file says about a mail: of the one account that it names, else of its author's address."""

    record: CustomerRecord | None = None
    """None: neither is known there."""
    is_author: bool = False
    """The record's address is the author's."""
    letters_last_day: int = 0
    """Automatic letters of ours to the record's address."""
    trouble: str = ""
    """Why the file could not be asked, a sentence."""

    @property
    def sentence(self) -> str:
        """What an agent reads about it."""
        if self.trouble or self.record is None:
            return self.trouble or "Not on file: neither the address nor an account that the mail names."
        whose = "The author's address is on file" if self.is_author else f"On file with {masked(self.record.address)}"
        account = f"account {self.record.account}, " if self.record.account else ""
        return f"{whose}: {account}{STANDING[self.record.standing]}."


STANDING = {"good": "in good standing", "closed": "a former customer", "blocked": "blocked"}


@dataclass(slots=True)
class Case:
    """All facts of one event. Loaded by desk/facts, brought up to date by desk/apply after each decision."""

    now: datetime
    site: Site
    customer: Customer | None = None
    request: Request | None = None
    letters_to: str = ""
    """Address of the request's customer, where its letters go; the author of the event's mail may be another."""
    is_new: bool = False
    """This event's mail opened the request."""
    is_held: bool = False
    """This event's mail was put on hold: no letter may go out."""
    evidence: tuple[Evidence, ...] = ()
    last_acknowledged: datetime | None = None
    """When an acknowledgement last went to this author's address."""
    letters_last_hour: int = 0
    """Automatic letters of ours to this address."""
    letters_last_day: int = 0
    neutral_last_hour: int = 0
    """Neutral acknowledgements and askings for proof to anybody: the cap that keeps us from flooding strangers."""
    previous_state: str = ""
    """State of the request before this event."""
    verification: Verification | None = None
    """The asking for proof that this event answers, else the newest one of the request."""
    on_file: "OnFile | None" = None
    """What the customer file says about the mail; None when none is kept."""
    suggested: str = ""
    """The category that agents' work speaks for, where its suggestions were right so often that they may stand in for a
    rule; "" for none."""


# ---- what a handler can say: decisions -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Open:
    """The mail opens a new request for its author."""

    subject: str
    because: str


@dataclass(frozen=True, slots=True)
class Join:
    """The mail belongs to this request."""

    request: Request
    because: str


@dataclass(frozen=True, slots=True)
class Hold:
    """The request waits for one click of an agent; `candidate` is the request it may belong to. Nothing is sent."""

    because: str
    candidate: Request | None = None


@dataclass(frozen=True, slots=True)
class Drop:
    """The mail ends here and stays in the store with this reason."""

    because: str


@dataclass(frozen=True, slots=True)
class Label:
    """What is now known of the request: only what is given changes."""

    because: str
    category: str | None = None
    language: str | None = None
    verification: str | None = None
    """Of the person: "" not asked, asked, verified, mailbox, rejected or expired; `because` is what agents read."""
    asking: str | None = None
    """What became of the case's asking: verified or expired."""
    failed_attempt: bool = False
    """One more answer that did not prove the person."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where and how urgently it waits for agents."""

    queue: str
    because: str
    priority: int = 3
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """Something happened in the life of the request; desk/states knows what follows. word: received, answered, asked,
    confirmed, silent, closed, reopened, returned, resolved, spam."""

    word: str
    because: str


@dataclass(frozen=True, slots=True)
class Asking:
    """A letter carries a one-time capability: whoever answers there, or presses its link, reads that mailbox."""

    lifetime: timedelta
    basis: str
    """Whose mailbox it is, a word of models.VERIFICATION_BASES."""
    account: str = ""
    """The account on file that it is about."""
    owner: CustomerRecord | None = None
    """Set: the letter goes to this address on file, not to the customer of the request, and holds no word of theirs."""


@dataclass(frozen=True, slots=True)
class Send:
    """A letter goes out, made from templates/<language>/<template>.txt, to the customer of the request."""

    template: str
    because: str
    fields: Mapping[str, str] = field(default_factory=dict)
    asking: Asking | None = None
    """Set: the letter asks for proof of the person."""


@dataclass(frozen=True, slots=True)
class Wake:
    """Ask this handler again (event due) after this time, unless the same purpose waits already: then it is moved.
    after=None takes the waiting one back."""

    purpose: str
    after: timedelta | None
    because: str


@dataclass(frozen=True, slots=True)
class Note:
    """A note for the agents in the conversation."""

    text: str
    because: str


@dataclass(frozen=True, slots=True)
class Record:
    """A figure for improving the service."""

    name: str
    value: float
    because: str


Decision = Open | Join | Hold | Drop | Label | Place | Move | Send | Wake | Note | Record
Decisions = Iterator[Decision]


Count = Annotated[int, Field(ge=0)]
"""A setting that is a number of something."""
Degree = Annotated[int, Field(ge=1, le=5)]
"""A setting from 1 to 5, as priorities (5 is now) and ratings (5 is good) are."""
IS_TEMPLATE = object()
Template = Annotated[str, IS_TEMPLATE]
"""A setting that names a letter: that there is one is looked at when the gateway starts. "" is none."""


class Handler(Section):
    """One step of the journey. Fields are its settings, methods the events it answers."""

    events: ClassVar[tuple[str, ...]] = ("received", "answered", "proved", "rated", "returned", "due")

    def received(self, mail: Mail, case: Case) -> Decisions:
        """A mail came in."""
        yield from ()

    def answered(self, answer: Answer, case: Case) -> Decisions:
        """An agent answered, asked or noted."""
        yield from ()

    def proved(self, proof: Proof, case: Case) -> Decisions:
        """The link of a verification letter was pressed, or an agent decided about the person."""
        yield from ()

    def rated(self, rating: Rating, case: Case) -> Decisions:
        """The customer rated our work."""
        yield from ()

    def returned(self, bounce: Bounce, case: Case) -> Decisions:
        """A letter of ours came back."""
        yield from ()

    def due(self, due: Due, case: Case) -> Decisions:
        """A wake that this handler asked for."""
        yield from ()
