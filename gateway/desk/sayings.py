"""What an agent says in a request: an answer or a question goes to the customer, a note stays inside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from hashlib import sha256

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session as Db

from gateway.desk import claims, undo
from gateway.desk.hand import Hand, Refused
from gateway.desk.handler import Answer
from gateway.models import Agent, Attachment, Entry, Letter, Upload, columns
from gateway.store.database import storable

ENTRY, UPLOAD = columns(Entry), columns(Upload)
SAYINGS = ("answer", "question", "note")
LONGEST_TEXT = 200_000
"""Characters of a saying."""
MOST_FILES = 20
MOST_OCTETS = 15_000_000
"""Of all files of one letter: many hosts take no mail of more than 25 MB, and MIME adds a third."""
MOST_WAITING, MOST_WAITING_OCTETS = 100, 150_000_000
"""Files of one agent that wait for their answers, and their octets: ten full letters."""
TWICE = timedelta(minutes=1)
"""Within this time an agent does not say the very same twice on purpose."""
UNSAID = timedelta(days=1)
"""How long a file waits for the answer that it was made for."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A letter as the customer would see it."""

    recipient: str
    subject: str
    text: str
    html: str


def say(hand: Hand, kind: str, text: str, seen: int | None, uploads: Sequence[int] = (),
        undoable: bool = False, quotes: bool = True) -> Entry:
    """`seen`: the newest entry that the agent has read; `uploads`: ids of files that go along; quotes: with the
    customer's last mail below. Said undoable twice, as by a button that is pressed twice, it is said once."""
    if undoable and (first := _said_before(hand, kind, text, uploads)):
        return first
    _may_say(hand, kind, text, seen)
    before = undo.state(hand.db, hand.request) if undoable else {}
    if kind != "note":
        _make_theirs(hand)
    entry = Entry(request_id=hand.request.id or 0, at=hand.now, kind=kind, author=hand.agent, text=storable(text))
    hand.db.add(entry)
    hand.db.flush()
    files = _attach(hand, entry, uploads)
    _tell(hand, entry, files, quotes)
    if undoable:
        undo.keep(hand, entry, before)
    return entry


def _said_before(hand: Hand, kind: str, text: str, uploads: Sequence[int]) -> Entry | None:
    """The same words of the same agent with the same files, a moment ago."""
    first = hand.db.scalar(select(Entry).where(
        ENTRY.request_id == hand.request.id, ENTRY.kind == kind, ENTRY.author == hand.agent,
        ENTRY.text == storable(text), ENTRY.at > hand.now - TWICE, ENTRY.withdrawn_at.is_(None))
        .order_by(ENTRY.id.desc()).limit(1))  # fmt: skip
    if first is None or _contents(hand, UPLOAD.id.in_(uploads)) != _contents(hand, UPLOAD.entry_id == first.id):
        return None
    return first


def _contents(hand: Hand, which: ColumnElement[bool]) -> list[tuple[str, bytes]]:
    """Name and content of these files: a page that sends them twice attaches them twice."""
    found = hand.db.execute(select(UPLOAD.filename, UPLOAD.content).where(which, UPLOAD.agent == hand.agent))
    return sorted((filename, content) for filename, content in found)


def _may_say(hand: Hand, kind: str, text: str, seen: int | None) -> None:
    request = hand.request
    if kind not in SAYINGS:
        raise Refused(f"{kind!r} is none of {', '.join(SAYINGS)}.", "bad-value")
    if not text.strip():
        raise Refused("There is no text to say.", "empty")
    if len(text) > LONGEST_TEXT:
        raise Refused(f"That is more than {LONGEST_TEXT} characters.", "too-large")
    if seen is not None and request.last_entry > seen:
        raise Refused(f"The customer wrote again: read entry {request.last_entry} of {request.number} first "
                      f"(you have seen {seen}).", "newer", last_entry=request.last_entry, seen=seen)
    if kind != "note":
        hand.must_stand()
    if request.is_held and kind != "note":
        raise Refused(f"{request.number} is on hold: `frontdesk release` it first. Nothing was sent.", "held")


def _make_theirs(hand: Hand) -> None:
    request = hand.request
    claims.must_be_free(hand)
    if request.owner != hand.agent:
        request.owner, request.claimed_at = hand.agent, hand.now


def _tell(hand: Hand, entry: Entry, files: Sequence[str], quotes: bool) -> None:
    application = hand.application("answered", entry)
    customer = application.case.customer
    application.ledger.find_by(entry.id or 0, hand.request.number, hand.request.subject,
                               customer.name if customer else "", customer.address if customer else "", entry.text)
    detail = {"entry": entry.id, **({"files": list(files)} if files else {})}
    application.write(hand.agent, entry.kind, detail, f"{hand.agent} wrote this {entry.kind}.")
    hand.desk.answered(application, Answer(entry.kind, entry.text, hand.agent, quotes))


# ---- files -----------------------------------------------------------------------------------------------------------


def attach(db: Db, upload: Upload) -> Upload:
    """A file that its agent is going to send. What nobody sent within a day is gone."""
    if upload.size > MOST_OCTETS:
        raise Refused(f"The file is larger than {MOST_OCTETS:,} octets.", "too-large", most=MOST_OCTETS)
    db.execute(delete(Upload).where(UPLOAD.entry_id.is_(None), UPLOAD.at < upload.at - UNSAID))
    _must_have_room(db, upload)
    db.add(upload)
    db.flush()
    return upload


def _must_have_room(db: Db, upload: Upload) -> None:
    """Nobody fills our disk with files that they do not send."""
    db.get(Agent, upload.agent, with_for_update=True)  # one file of theirs after the other
    waiting = select(func.count(), func.coalesce(func.sum(UPLOAD.size), 0)).where(
        UPLOAD.agent == upload.agent, UPLOAD.entry_id.is_(None))
    files, octets = db.execute(waiting).one()
    if files >= MOST_WAITING or octets + upload.size > MOST_WAITING_OCTETS:
        raise Refused(f"{files} files of {upload.agent} with {octets:,} octets wait to be sent: send some, or remove "
                      "them. They are gone by themselves after a day.", "too-many-files", most=MOST_WAITING_OCTETS)


def detach(db: Db, id: int, agent: str) -> bool:
    """The agent does not send it after all; False when there is no such file of theirs."""
    found = db.scalar(select(Upload).where(UPLOAD.id == id, UPLOAD.agent == agent, UPLOAD.entry_id.is_(None)))
    if found is not None:
        db.delete(found)
    return found is not None


def _attach(hand: Hand, entry: Entry, ids: Sequence[int]) -> list[str]:
    """The files of the entry, by name."""
    if not ids:
        return []
    found = hand.db.scalars(select(Upload).where(UPLOAD.id.in_(ids), UPLOAD.agent == hand.agent,
                                                 UPLOAD.entry_id.is_(None)).order_by(UPLOAD.id)).all()
    if len(found) < len(set(ids)):
        raise Refused("A file is not there any more: attach it once more.", "unknown-upload")
    if len(found) > MOST_FILES or sum(each.size for each in found) > MOST_OCTETS:
        raise Refused(f"A letter carries {MOST_FILES} files and {MOST_OCTETS:,} octets at most.", "too-large",
                      most=MOST_OCTETS)
    for position, each in enumerate(found):
        each.entry_id = entry.id
        hand.db.add(Attachment(entry_id=entry.id or 0, position=position, filename=each.filename, size=each.size,
                               content_type=each.content_type, sha256=sha256(each.content).hexdigest()))
    hand.db.flush()
    return [each.filename for each in found]


# ---- preview ---------------------------------------------------------------------------------------------------------


class Shown(Exception):
    """Carries a preview out of a transaction that is not to be kept."""

    def __init__(self, preview: Preview) -> None:
        self.preview = preview


def preview(hand: Hand, kind: str, text: str, uploads: Sequence[int] = (), quotes: bool = True) -> None:
    """Say it, look at the letter, and raise Shown: nothing of it is kept."""
    entry = say(hand, kind, text, None, uploads, quotes=quotes)
    letter = hand.db.get(Letter, entry.letter_id) if entry.letter_id else None
    if letter is None:
        raise Refused("Nothing would be sent.", "not-sent")
    mail = message_from_bytes(letter.raw, policy=policy.default)
    raise Shown(Preview(letter.recipient, letter.subject, _part(mail, "plain"), _part(mail, "html")))


def _part(mail: EmailMessage, subtype: str) -> str:
    body = mail.get_body((subtype,))
    return str(body.get_content()) if body is not None else ""
