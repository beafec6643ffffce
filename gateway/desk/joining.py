"""What belongs together: a request becomes part of another, or one mail of it becomes a request of its own."""

from zoneinfo import ZoneInfo

from gateway.desk import number
from gateway.desk.hand import Hand, Refused
from gateway.desk.handler import Label, Move, Note
from gateway.models import Entry, Received, Request, Verification
from gateway.store import requests, search


def merge(hand: Hand, other: Request) -> Request:
    """What was said in the request is said in another from now on, and whatever comes to it goes there."""
    request = hand.request
    if other.id == request.id:
        raise Refused(f"{request.number} cannot join itself.", "same")
    for each in (request, other):
        if each.merged_into is not None:
            raise Refused(f"{each.number} is part of another request already.", "already", number=each.number)
    requests.move_entries(hand.db, request, other)
    request.is_held, request.held_for = False, None
    hand.settle("resolution", f"{hand.agent} joined it to {other.number}.")
    request.merged_into, request.resolution = other.id, "merged"
    _receive(hand.on(other), request)
    return other


def _receive(hand: Hand, joined: Request) -> None:
    _go_on_asking(hand, joined)
    hand.do(Move("received", f"{hand.agent} joined {joined.number} to it."))
    if hand.request.verification == "verified" != joined.verification:
        words = f"The proof of the person does not speak for what came with {joined.number}."
        hand.do(Note(words, f"{hand.agent} joined it."))


def _go_on_asking(hand: Hand, joined: Request) -> None:
    """An answer to what the joined request asked counts here, or nowhere any more."""
    asked = requests.verification(hand.db, joined.id or 0)
    if asked is None or joined.verification != "asked":
        return
    if not _asks_the_same(hand, joined, asked):
        requests.end_asking(hand.db, joined, hand.now)
        return
    requests.move_asking(hand.db, joined, hand.request)
    if not hand.request.verification:
        hand.do(Label(joined.verification_because, verification="asked"))


def _asks_the_same(hand: Hand, joined: Request, asked: Verification) -> bool:
    """Nobody may prove by a mailbox of his own what another mailbox, or an agent alone, has to prove here."""
    request = hand.request
    if request.customer_id != joined.customer_id:
        return False
    here = requests.verification(hand.db, request.id or 0)
    if here is None:
        return not request.verification and not request.verification_because
    mailbox = (asked.sent_to, asked.basis, asked.account)
    return request.verification == "asked" and (here.sent_to, here.basis, here.account) == mailbox


def split(hand: Hand, entry_id: int) -> Request:
    """The mail is about something else: it becomes a request of its author, in the same queue."""
    old, entry = hand.request, hand.db.get(Entry, entry_id)
    if entry is None or entry.request_id != old.id or entry.kind != "mail":
        raise Refused(f"{old.number} holds no mail that is entry {entry_id}.", "unknown-entry")
    new = _open(hand, entry)
    hand.db.add(new)
    hand.db.flush()
    requests.move_entry(hand.db, entry, new)
    search.enter(hand.db.connection(), [(entry_id, (new.number,))])
    last = requests.last_mail(hand.db, old.id or 0)
    if last is None:
        raise Refused(f"It is the only mail of {old.number}.", "only-mail")
    old.last_entry = last.id or 0
    hand.on(new).write("split", f"{hand.agent} took it out of {old.number}.", entry=entry_id, source=old.number)
    hand.write("split", f"{hand.agent} made {new.number} of one mail.", entry=entry_id, target=new.number)
    return new


def _open(hand: Hand, entry: Entry) -> Request:
    old, office = hand.request, hand.desk.office
    year = hand.now.astimezone(ZoneInfo(office.site.timezone)).year
    running = requests.next_number(hand.db, f"{office.prefix}-{year}")
    author = requests.customer_at(hand.db, entry.author) or requests.customer(hand.db, old)
    kept = hand.db.get(Received, entry.received_id) if entry.received_id else None
    return Request(
        number=number.compose(office.prefix, year, running), customer_id=author.id or 0,
        subject=entry.subject or old.subject, category=old.category, language=old.language, queue=old.queue,
        priority=old.priority, due=old.due or hand.now, identity=entry.identity or "unknown",
        identity_because=str(kept.verdict.get("because", "")) if kept else "", created_at=hand.now,
        changed_at=hand.now, customer_wrote_at=entry.at, last_entry=entry.id or 0)  # fmt: skip
