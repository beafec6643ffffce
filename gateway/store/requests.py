"""Requests as agents and the desk ask for them: every question about them has a name here.

Plain functions of a db session, run by Database.write or Database.read. Lists are keyset-paged, never by OFFSET.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.orm import Session as Db

from gateway.models import (
    Attachment,
    Customer,
    Entry,
    History,
    Letter,
    Moment,
    Received,
    Request,
    Upload,
    Verification,
    Wake,
    columns,
)

ATTACHMENT, CUSTOMER, ENTRY = columns(Attachment), columns(Customer), columns(Entry)
HISTORY, LETTER, RECEIVED, REQUEST = columns(History), columns(Letter), columns(Received), columns(Request)
UPLOAD, VERIFICATION, WAKE = columns(Upload), columns(Verification), columns(Wake)

_entry = Entry.__table__  # type: ignore[attr-defined]
_NEXT = text("INSERT INTO counter (name, value) VALUES (:name, 1) "
             "ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value")

# Built once: making a statement costs more than running it.
_CUSTOMER_AT = select(Customer).where(CUSTOMER.address == bindparam("address"))
_ENTER_CUSTOMER = text(
    "INSERT INTO customer (address, name, language, created_at) VALUES (:address, :name, :language, :created_at) "
    "ON CONFLICT (address) DO NOTHING RETURNING id").bindparams(bindparam("created_at", type_=Moment))
_BY_MESSAGE_IDS = (select(Entry, Request).join(Request, REQUEST.id == ENTRY.request_id)
                   .where(ENTRY.message_id.in_(bindparam("ids", expanding=True)))
                   .order_by(ENTRY.id.desc()).limit(200))
_OF_NUMBER = select(Request).where(REQUEST.number == bindparam("number"))
_OF_NUMBER_LOCKED = _OF_NUMBER.with_for_update()
_LAST_MAIL = (select(Entry).where(ENTRY.request_id == bindparam("request"), ENTRY.kind == "mail")
              .order_by(ENTRY.id.desc()).limit(1))
_THREAD = (select(_entry.c.message_id).where(_entry.c.request_id == bindparam("request"), _entry.c.message_id != "")
           .order_by(_entry.c.id.desc()).limit(bindparam("most")))
_VERIFICATION = (select(Verification).where(VERIFICATION.request_id == bindparam("request"))
                 .order_by(VERIFICATION.id.desc()).limit(1))
_WAITING_WAKES = select(Wake).where(WAKE.request_id == bindparam("request"), WAKE.done_at.is_(None))

LATEST = 1_000
"""The most entries or decisions of one request that are shown."""


def find(db: Db, number: str, lock: bool = False) -> Request | None:
    """The request of a number in canonical form; `lock` keeps others from changing it until the commit."""
    return db.scalars(_OF_NUMBER_LOCKED if lock else _OF_NUMBER, {"number": number}).one_or_none()


def move_entries(db: Db, source: Request, target: Request) -> None:
    """What was said in one request is said in another from now on."""
    db.execute(update(Entry).where(ENTRY.request_id == source.id).values(request_id=target.id))
    db.execute(update(Received).where(RECEIVED.request_id == source.id).values(request_id=target.id))
    db.execute(update(Letter).where(LETTER.request_id == source.id).values(request_id=target.id))
    target.last_entry = max(target.last_entry, source.last_entry)


def move_asking(db: Db, source: Request, target: Request) -> None:
    """The proof that one request waits for is waited for by another: as long, or until its own waiting ends."""
    db.execute(update(Verification).where(VERIFICATION.request_id == source.id).values(request_id=target.id))
    if not target.verification:
        db.execute(update(Wake).where(WAKE.request_id == source.id, WAKE.purpose == "expire", WAKE.done_at.is_(None))
                   .values(request_id=target.id))


def end_asking(db: Db, request: Request, now: datetime) -> None:
    """No proof is waited for any more."""
    db.execute(update(Verification).where(VERIFICATION.request_id == request.id, VERIFICATION.state == "asked")
               .values(state="expired", settled_at=now))


def move_entry(db: Db, entry: Entry, target: Request) -> None:
    """One mail of a request belongs to another from now on."""
    entry.request_id = target.id or 0
    db.execute(update(Received).where(RECEIVED.id == entry.received_id).values(request_id=target.id))


def standing(db: Db, request: Request) -> Request:
    """The request that stands for this one: itself, or the one that it became part of."""
    while request.merged_into is not None:  # joined to one that was joined itself
        request = db.get_one(Request, request.merged_into)
    return request


def uploads(db: Db, entry_id: int) -> Sequence[Upload]:
    """The files that an agent sent with an entry, in the order of its attachments."""
    return db.scalars(select(Upload).where(UPLOAD.entry_id == entry_id).order_by(UPLOAD.id)).all()


def of_lines(db: Db, ids: Sequence[int]) -> list[tuple[Request, Customer]]:
    """The requests of a list (store/queue), in its order, with their customers."""
    query = select(Request, Customer).join(Customer, CUSTOMER.id == REQUEST.customer_id).where(REQUEST.id.in_(ids))
    return sorted(((request, customer) for request, customer in db.execute(query)),
                  key=lambda row: ids.index(row[0].id or 0))


def of_customer(db: Db, customer_id: int) -> Sequence[Request]:
    """A customer's requests, newest first."""
    return db.scalars(select(Request).where(REQUEST.customer_id == customer_id).order_by(REQUEST.id.desc())
                      .limit(LATEST)).all()


def customer(db: Db, request: Request) -> Customer:
    """Whose request it is."""
    return db.get_one(Customer, request.customer_id)


def customer_at(db: Db, address: str) -> Customer | None:
    """Who writes from this address (lower case)."""
    return db.scalars(_CUSTOMER_AT, {"address": address}).one_or_none()


def enter_customer(db: Db, customer: Customer) -> Customer:
    """The customer of this address, entered when there is none: of two desks at once one enters, both find."""
    values = {"address": customer.address, "name": customer.name, "language": customer.language,
              "created_at": customer.created_at}
    customer.id = db.connection().scalar(_ENTER_CUSTOMER, values)
    return customer if customer.id is not None else db.scalars(_CUSTOMER_AT, {"address": customer.address}).one()


def conversation(db: Db, request_id: int) -> Sequence[Entry]:
    """What was said, in time order."""
    newest = (select(Entry).where(ENTRY.request_id == request_id, ENTRY.withdrawn_at.is_(None))
              .order_by(ENTRY.id.desc()).limit(LATEST))
    return [*reversed(db.scalars(newest).all())]


def findings(db: Db, entries: Collection[Entry]) -> dict[int, list[str]]:
    """By entry: what authentication found odd about its mail, where it found anything."""
    mails = {entry.received_id: entry.id or 0 for entry in entries if entry.received_id}
    rows = db.execute(select(RECEIVED.id, RECEIVED.verdict).where(RECEIVED.id.in_(mails)).order_by(RECEIVED.id))
    return {mails[id]: found for id, verdict in rows if (found := list(verdict.get("findings", ())))}


def attachments(db: Db, entry_ids: Collection[int]) -> Sequence[Attachment]:
    """Attachments of these entries, in the order of their mails."""
    return db.scalars(select(Attachment).where(ATTACHMENT.entry_id.in_(entry_ids))
                      .order_by(ATTACHMENT.entry_id, ATTACHMENT.position)).all()


def history(db: Db, request_id: int) -> Sequence[History]:
    """Every decision about a request, oldest first."""
    return db.scalars(select(History).where(HISTORY.request_id == request_id).order_by(HISTORY.id).limit(LATEST)).all()


def letters(db: Db, request_id: int) -> Sequence[Letter]:
    """Our letters of a request, oldest first."""
    return db.scalars(select(Letter).where(LETTER.request_id == request_id).order_by(LETTER.id).limit(LATEST)).all()


def last_mail(db: Db, request_id: int) -> Entry | None:
    """The newest mail of the customer."""
    return db.scalars(_LAST_MAIL, {"request": request_id}).one_or_none()


def thread(db: Db, request_id: int, limit: int = 20) -> list[str]:
    """Message-IDs of the conversation, oldest first, for References."""
    newest = db.connection().scalars(_THREAD, {"request": request_id, "most": limit}).all()
    return [*reversed(newest)]


def by_message_ids(db: Db, message_ids: Collection[str]) -> Sequence[tuple[Entry, Request]]:
    """Entries that bear one of these Message-IDs, newest first, with their requests."""
    return [(entry, request) for entry, request in db.execute(_BY_MESSAGE_IDS, {"ids": list(message_ids)})]


def verification(db: Db, request_id: int) -> Verification | None:
    """The newest asking for proof of a request."""
    return db.scalars(_VERIFICATION, {"request": request_id}).one_or_none()


def ratings(db: Db, request_id: int) -> int:
    """What was decided about a request because its customer rated our work."""
    return db.scalars(select(func.count()).select_from(History).where(
        HISTORY.request_id == request_id, HISTORY.event == "rated")).one()


def automatic_letters_since(db: Db, address: str, since: datetime) -> int:
    """Letters of the desk itself, not of an agent, to one address."""
    return db.scalars(select(func.count()).select_from(Letter).where(
        LETTER.recipient == address, LETTER.created_at > since, LETTER.is_automatic)).one()


def waiting_wakes(db: Db, request_id: int) -> Sequence[Wake]:
    """The wakes of a request whose time has not come."""
    return db.scalars(_WAITING_WAKES, {"request": request_id}).all()


def next_number(db: Db, name: str) -> int:
    """The next running number under this name; two transactions never get the same one, nor fail over the first."""
    return int(db.execute(_NEXT, {"name": name}).scalar_one())
