"""Rows -> Case: everything a handler may know about one event, loaded before it is asked."""

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy.orm import Session as Db

from gateway.config import Site
from gateway.desk import number
from gateway.desk.capability import Capability
from gateway.desk.handler import Case, Evidence, Mail, OnFile
from gateway.mail.addresses import LONGEST_ADDRESS, address_key
from gateway.models import STANDINGS, Customer, CustomerRecord, Letter, Request, Verification
from gateway.store import known, requests
from gateway.store.customers import Customers, Unreadable, account_key
from gateway.store.database import storable
from gateway.store.known import Lettered
from gateway.store.ledger import Ledger

NEUTRAL = ("acknowledgement_neutral", "verification", "verification_on_file")
"""Letters that may go to somebody who never wrote: whom an unproven mail names as its author."""
SEVERAL = "The mail names several accounts on file that are not all the author's: ask which one is meant."
NAMED = 10
"""Request numbers in one mail that are looked up."""
_STRENGTH = ("capability", "verification", "copy", "reference", "number")


class Facts:
    """What is known of mails that are handled in one transaction: asked once for all of them, and anew when one may
    have to do with what others before it have left."""

    def __init__(self, db: Db, ledger: Ledger, mails: Sequence[Mail], prefix: str, now: datetime,
                 customers: Customers | None = None) -> None:
        self._db, self._ledger, self._prefix, self._now, self._file = db, ledger, prefix, now, customers
        self._left = deque(mails)
        self._known: _Known | None = None

    def of(self, mail: Mail, capabilities: Sequence[Capability]) -> Case:
        """What is known of one of the mails, in their order. `capabilities`: what its recipients are good for."""
        while self._left.popleft() is not mail:
            pass
        named = tuple(islice(number.find(f"{mail.message.subject}\n{mail.message.text}", self._prefix), NAMED))
        if capabilities or named or self._may_concern(mail):
            self._ledger.write()
        answers, address = self._ask(mail), author(mail)
        customer = answers.customers.get(address)
        case = Case(self._now, mail.site, customer, evidence=self._evidence(mail, capabilities, named, customer))
        neutral = answers.neutral + sum(each.template in NEUTRAL for each in self._ledger.gathered(Letter))
        if self._file is not None:
            case.on_file = self._on_file(mail, self._file)  # it may write what was counted just now
        return _count_letters(case, answers.lettered.get(address, Lettered()), neutral)

    def _may_concern(self, mail: Mail) -> bool:
        """Whether a question about the mail might have to find what has gathered; most mails have nothing in common."""
        return not self._ledger.about.isdisjoint({author(mail), *_message_ids(mail)})

    def _ask(self, mail: Mail) -> "_Known":
        """What is known of this mail and of those behind it."""
        if self._known is None or self._known.asked_after != self._ledger.times:
            mails = (mail, *self._left)
            addresses = {author(each) for each in mails} - {""}
            self._known = _Known(
                self._ledger.times, known.customers(self._db, addresses),
                known.message_ids(self._db, {id for each in mails for id in _message_ids(each)}),
                known.lettered(self._db, addresses, self._now), known.sent_last_hour(self._db, NEUTRAL, self._now))
        return self._known

    def _evidence(self, mail: Mail, capabilities: Sequence[Capability], named: Sequence[str],
                  customer: Customer | None) -> tuple[Evidence, ...]:
        """Strongest first; of one strength the newest request first."""
        ids = self._ask(mail).message_ids & _message_ids(mail)
        found = [*_by_capability(self._db, capabilities, customer),
                 *(_by_message_id(self._db, mail, ids, customer) if ids else ()),
                 *_by_number(self._db, named, customer)]
        return tuple(sorted(found, key=lambda each: (_STRENGTH.index(each.kind), -(each.request.id or 0))))

    def _on_file(self, mail: Mail, customers: Customers) -> OnFile:
        """The account that the mail names comes first: that is what it is about, whoever wrote it."""
        try:
            own = customers.at(self._db, address) if (address := author(mail)) else ()
            named = customers.named(self._db, f"{mail.message.subject}\n{mail.message.reply_text}")
        except Unreadable as trouble:
            return OnFile(trouble=str(trouble))
        records = named or own
        if not records:
            return OnFile()
        others = _accounts(named) - _accounts([each for each in named if _is_author(each, mail)])
        if others and len(_accounts(named)) > 1:
            return OnFile(trouble=SEVERAL)  # else whoever names an account of his own would be proven for another's
        record = _that_counts(records, mail)
        if (any(each.recipient == record.address for each in self._ledger.gathered(Letter))
                or any(each.address == record.address for each in self._ledger.gathered(Customer))):
            self._ledger.write()  # the letters are counted here; a letter to them asks for their language
        letters = requests.automatic_letters_since(self._db, record.address, self._now - timedelta(days=1))
        return OnFile(record, _is_author(record, mail), letters)


@dataclass(frozen=True, slots=True)
class _Known:
    """The answers for several mails."""

    asked_after: int
    """How often the ledger had been written by then."""
    customers: dict[str, Customer]
    message_ids: frozenset[str]
    """Those that some entry bears."""
    lettered: dict[str, Lettered]
    neutral: int


def of_request(db: Db, request: Request, site: Site, now: datetime) -> Case:
    """What is known when something happens to a request without a mail of its customer."""
    customer = requests.customer(db, request)
    case = Case(now, site, customer, request, customer.address, is_held=request.is_held, previous_state=request.state,
                verification=requests.verification(db, request.id or 0))
    lettered = known.lettered(db, {customer.address}, now)
    return _count_letters(case, lettered.get(customer.address, Lettered()), known.sent_last_hour(db, NEUTRAL, now))


def author(mail: Mail) -> str:
    """The address that a mail is from, as customers are known by; "" when it has none that a letter could go to."""
    address = storable(mail.message.from_email.lower())
    return address if len(address) <= LONGEST_ADDRESS else ""


def _count_letters(case: Case, found: Lettered, neutral: int) -> Case:
    case.last_acknowledged, case.neutral_last_hour = found.last_acknowledged, neutral
    case.letters_last_hour, case.letters_last_day = found.last_hour, found.last_day
    return case


def _accounts(records: Sequence[CustomerRecord]) -> set[str]:
    return {account_key(each.account) for each in records}


def _that_counts(records: Sequence[CustomerRecord], mail: Mail) -> CustomerRecord:
    """The author's own, else the one in the best standing; but an address that is blocked in one line is blocked."""
    blocked = {each.address for each in records if each.standing == "blocked"}
    counting = [each for each in records if each.standing == "blocked" or each.address not in blocked]
    return min(counting, key=lambda each: (not _is_author(each, mail), STANDINGS.index(each.standing)))


def _is_author(record: CustomerRecord, mail: Mail) -> bool:
    """As the lenient reader of addresses sees the author, and the strict one too where it names any."""
    read = {address_key(mail.message.from_email), address_key(mail.verdict.author or mail.message.from_email)}
    return read == {address_key(record.address)}


def _by_capability(db: Db, capabilities: Sequence[Capability], customer: Customer | None) -> Iterator[Evidence]:
    for each in capabilities:
        if each.purpose == "reply" and (request := db.get(Request, each.id)):
            yield _tie("capability", requests.standing(db, request), customer)
        if each.purpose == "verify" and (asked := db.get(Verification, each.id)):
            request = requests.standing(db, db.get_one(Request, asked.request_id, with_for_update=True))
            db.refresh(asked)  # an agent, or the link, may have been faster
            yield _tie("verification", request, customer, asked)


def _by_message_id(db: Db, mail: Mail, ids: Collection[str], customer: Customer | None) -> Iterator[Evidence]:
    named, own = _answered(mail), mail.message.message_id
    for entry, request in requests.by_message_ids(db, ids):
        if entry.kind != "note" and entry.message_id in named:
            yield _tie("reference", request, customer)
        if entry.kind == "mail" and entry.message_id == own:
            yield _tie("copy", request, customer)


def _message_ids(mail: Mail) -> set[str]:
    """The mail's own and those that it answers."""
    return _answered(mail) | ({mail.message.message_id} - {""})


def _answered(mail: Mail) -> set[str]:
    return {*mail.message.references[-20:], mail.message.in_reply_to} - {""}


def _by_number(db: Db, numbers: Sequence[str], customer: Customer | None) -> Iterator[Evidence]:
    for each in numbers:
        if request := requests.find(db, each):
            yield _tie("number", requests.standing(db, request), customer)


def _tie(kind: str, request: Request, customer: Customer | None, asked: Verification | None = None) -> Evidence:
    is_participant = customer is not None and bool(customer.address) and customer.id == request.customer_id
    return Evidence(kind, request, is_participant, asked)
