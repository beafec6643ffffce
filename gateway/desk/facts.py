"""Rows -> Case: everything a handler may know about one event, loaded before it is asked."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy.orm import Session as Db

from gateway.config import Site
from gateway.desk import number
from gateway.desk.capability import Capability
from gateway.desk.handler import Case, Evidence, Mail, OnFile
from gateway.mail.addresses import LONGEST_ADDRESS, address_key
from gateway.models import STANDINGS, Customer, CustomerRecord, Entry, Letter, Request, Verification
from gateway.store import requests
from gateway.store.customers import Customers, Unreadable, account_key
from gateway.store.ledger import Ledger

NEUTRAL = ("acknowledgement_neutral", "verification", "verification_on_file")
"""Letters that may go to somebody who never wrote: whom an unproven mail names as its author."""
SEVERAL = "The mail names several accounts on file that are not all the author's: ask which one is meant."
NAMED = 10
"""Request numbers in one mail that are looked up."""
_STRENGTH = ("capability", "verification", "copy", "reference", "number")


def of_mail(db: Db, mail: Mail, capabilities: Sequence[Capability], prefix: str, now: datetime,
            customers: Customers | None = None, ledger: Ledger | None = None) -> Case:
    """What is known when a mail came in. `capabilities`: what its recipient addresses are good for; `ledger`: what
    mails before it in the same transaction have left, written first where this one may have to do with it."""
    address = author(mail)
    if ledger is not None and _may_concern(ledger, mail, address, capabilities, prefix, customers):
        ledger.write()
    customer = requests.customer_at(db, address) if address else None
    case = Case(now, mail.site, customer, evidence=_evidence(db, mail, capabilities, prefix, customer))
    if customers is not None:
        case.on_file = _on_file(db, mail, customers, address, now)
    return _count_letters(db, case, address)


def of_request(db: Db, request: Request, site: Site, now: datetime) -> Case:
    """What is known when something happens to a request without a mail of its customer."""
    customer = requests.customer(db, request)
    case = Case(now, site, customer, request, customer.address, is_held=request.is_held, previous_state=request.state,
                verification=requests.verification(db, request.id or 0))
    return _count_letters(db, case, customer.address)


def author(mail: Mail) -> str:
    """The address that a mail is from, as customers are known by; "" when it has none that a letter could go to."""
    address = mail.message.from_email.lower()
    return address if len(address) <= LONGEST_ADDRESS else ""


def _may_concern(ledger: Ledger, mail: Mail, address: str, capabilities: Sequence[Capability], prefix: str,
                 customers: Customers | None) -> bool:
    """Whether a question about the mail might have to find what has gathered; most mails have nothing in common."""
    if capabilities or customers is not None or any(_numbers(mail, prefix)):
        return True
    named = {*_named(mail), mail.message.message_id} - {""}
    return (any(each.recipient == address or each.template in NEUTRAL for each in ledger.gathered(Letter))
            or any(each.message_id in named for each in ledger.gathered(Entry)))


def _count_letters(db: Db, case: Case, address: str) -> Case:
    found = requests.lettered(db, address, NEUTRAL, case.now)
    case.last_acknowledged, case.neutral_last_hour = found.last_acknowledged, found.neutral_last_hour
    case.letters_last_hour, case.letters_last_day = found.last_hour, found.last_day
    return case


def _on_file(db: Db, mail: Mail, customers: Customers, address: str, now: datetime) -> OnFile:
    """The account that the mail names comes first: that is what it is about, whoever wrote it."""
    try:
        known = customers.at(db, address) if address else ()
        named = customers.named(db, f"{mail.message.subject}\n{mail.message.reply_text}")
    except Unreadable as trouble:
        return OnFile(trouble=str(trouble))
    records = named or known
    if not records:
        return OnFile()
    if _accounts(named) - _accounts([each for each in named if _is_author(each, mail)]) and len(_accounts(named)) > 1:
        return OnFile(trouble=SEVERAL)  # else whoever names an account of his own would be proven for another's too
    record = _that_counts(records, mail)
    letters = requests.automatic_letters_since(db, record.address, now - timedelta(days=1))
    return OnFile(record, _is_author(record, mail), letters)


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


def _evidence(db: Db, mail: Mail, capabilities: Sequence[Capability], prefix: str,
              customer: Customer | None) -> tuple[Evidence, ...]:
    """Strongest first; of one strength the newest request first."""
    found = [*_by_capability(db, capabilities, customer), *_by_message_id(db, mail, customer),
             *_by_number(db, mail, prefix, customer)]
    return tuple(sorted(found, key=lambda each: (_STRENGTH.index(each.kind), -(each.request.id or 0))))


def _by_capability(db: Db, capabilities: Sequence[Capability], customer: Customer | None) -> Iterator[Evidence]:
    for each in capabilities:
        if each.purpose == "reply" and (request := db.get(Request, each.id)):
            yield _tie("capability", requests.standing(db, request), customer)
        if each.purpose == "verify" and (asked := db.get(Verification, each.id)):
            request = db.get_one(Request, asked.request_id, with_for_update=True)
            db.refresh(asked)  # an agent, or the link, may have been faster
            yield _tie("verification", request, customer, asked)


def _by_message_id(db: Db, mail: Mail, customer: Customer | None) -> Iterator[Evidence]:
    message = mail.message
    named = _named(mail)
    for entry, request in requests.by_message_ids(db, named | ({message.message_id} - {""})):
        if entry.kind != "note" and entry.message_id in named:
            yield _tie("reference", request, customer)
        if entry.kind == "mail" and entry.message_id == message.message_id:
            yield _tie("copy", request, customer)


def _named(mail: Mail) -> set[str]:
    """The Message-IDs that a mail answers."""
    return {*mail.message.references[-20:], mail.message.in_reply_to} - {""}


def _by_number(db: Db, mail: Mail, prefix: str, customer: Customer | None) -> Iterator[Evidence]:
    for each in islice(_numbers(mail, prefix), NAMED):
        if request := requests.find(db, each):
            yield _tie("number", requests.standing(db, request), customer)


def _numbers(mail: Mail, prefix: str) -> Iterator[str]:
    return number.find(f"{mail.message.subject}\n{mail.message.text}", prefix)


def _tie(kind: str, request: Request, customer: Customer | None, asked: Verification | None = None) -> Evidence:
    is_participant = customer is not None and bool(customer.address) and customer.id == request.customer_id
    return Evidence(kind, request, is_participant, asked)
