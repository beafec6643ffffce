"""What a customer sees and does by the link of an acknowledgement: how their request is getting on, and what they think
of our work.

Whoever holds the link is believed to have been given it, and no more: it shows what was said to the customer, and the
words of an answer only where no proof of the person was due, for a mail with the link in it may have been passed on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session as Db

from gateway.desk import facts
from gateway.desk.apply import Application
from gateway.desk.handler import Rating
from gateway.desk.pipeline import Desk
from gateway.models import Entry, Letter, Request
from gateway.store import requests
from gateway.store.database import storable

SETTLED = ("resolved", "closed")
RATEABLE = ("answered", *SETTLED)
"""States in which there is something to be said about our work."""
LONGEST_WORDS = 300
"""Characters that come with a rating."""
MOST_RATINGS = 40
"""Decisions about one request because of ratings: after that nothing is written any more."""


@dataclass(frozen=True, slots=True)
class Step:
    """One of the seven. name: sent, acknowledged, verified, reviewed, answered, feedback, resolved."""

    name: str
    stage: str
    """done, now or ahead."""
    at: datetime | None = None
    """When it was done, where that is known."""


@dataclass(frozen=True, slots=True)
class Said:
    """Something that we sent to the customer. kind: answer, question or letter."""

    at: datetime
    kind: str
    subject: str
    text: str
    """Words of an agent; "" for an automatic letter, and where they are for the mailbox only."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How one request is getting on."""

    number: str
    subject: str
    state: str
    is_asked: bool
    """A proof of the person is waited for."""
    steps: tuple[Step, ...]
    said: tuple[Said, ...]
    """Oldest first."""
    may_rate: bool
    rating: int | None
    is_again: bool = False
    """It was answered, and an agent looks at it once more."""


class Visit:
    """The customer's own door to the desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def progress(self, token: str) -> Progress | None:
        """What the link shows; None for a link that is wrong or too old: these are not told apart."""
        id = self._request_of(token)
        return await self.desk.database.read(lambda db: _progress(db, id)) if id else None

    async def rate(self, token: str, value: int, words: str) -> bool:
        """1 (bad) to 5 (good), or 0: it is not solved. False when there is nothing to rate, or the link is no good."""
        id = self._request_of(token)
        if not id or value not in range(6):
            return False

        def work(db: Db) -> bool:
            request = _meant(db, id)
            if request is None:
                return False
            db.refresh(request, with_for_update=True)
            if not _may_rate(request) or requests.ratings(db, request.id or 0) >= MOST_RATINGS:
                return False
            self._hear(db, request, Rating(value, storable(words.strip()[:LONGEST_WORDS])))
            return True

        return await self.desk.database.write(work)

    def _request_of(self, token: str) -> int:
        """A forged token costs no question to the database."""
        found = self.desk.office.capabilities.read_token(token, self.desk.now())
        return found.id if found and found.purpose == "look" else 0

    def _hear(self, db: Db, request: Request, rating: Rating) -> None:
        now = self.desk.now()
        if rating.words:
            author = requests.customer(db, request).address
            db.add(Entry(request_id=request.id or 0, at=now, kind="note", author=author, text=rating.words))
            db.flush()
        case = facts.of_request(db, request, self.desk.office.site, now)
        self.desk.rated(Application(db, self.desk.office, case, "rated"), rating)


def _progress(db: Db, id: int) -> Progress | None:
    request = _meant(db, id)
    if request is None:
        return None
    id, address = request.id or 0, requests.customer(db, request).address
    # What was joined to it may be another customer's, and so are the letters that came along.
    letters = {each.id: each for each in requests.letters(db, id) if each.state == "sent" and each.recipient == address}
    said = tuple(_said(requests.conversation(db, id), letters, is_open=_is_open(db, request)))
    steps = tuple(_steps(db, request, letters.values()))  # type: ignore[arg-type]
    is_again = request.state == "open" and any(each.kind == "answer" for each in said)
    return Progress(request.number, request.subject, request.state, request.verification == "asked", steps, said,
                    _may_rate(request), request.rating, is_again)


def _meant(db: Db, id: int) -> Request | None:
    """The request of a link; what was joined to one of the same customer goes on there, under its number."""
    request = db.get(Request, id)
    into = db.get(Request, request.merged_into) if request is not None and request.merged_into else None
    is_theirs = request is not None and into is not None and into.customer_id == request.customer_id
    return into if is_theirs and into is not None and into.merged_into is None else request


def _may_rate(request: Request) -> bool:
    return request.state in RATEABLE and request.merged_into is None


def _is_open(db: Db, request: Request) -> bool:
    """No proof of the person was due, neither here nor where what was joined to it was answered."""
    theirs = requests.of_customer(db, request.customer_id)
    return not any(each.verification for each in theirs if request.id in (each.id, each.merged_into))


def _said(conversation: Sequence[Entry], letters: dict[int | None, Letter], *, is_open: bool) -> Iterator[Said]:
    for entry in conversation:
        letter = letters.get(entry.letter_id)
        if letter is None or not entry.message_id:  # not sent yet; or sent elsewhere, to a mailbox on file
            continue
        kind = entry.kind if entry.kind in ("answer", "question") else "letter"
        yield Said(entry.at, kind, letter.subject, entry.text if is_open and kind != "letter" else "")


def _steps(db: Db, request: Request, letters: Sequence[Letter]) -> Iterator[Step]:
    """The first that is not done is where it stands."""
    is_here = True
    for name, is_done, at in _moments(db, request, letters):
        yield Step(name, "done" if is_done else "now" if is_here else "ahead", at if is_done else None)
        is_here = is_here and is_done


def _moments(
    db: Db, request: Request, letters: Sequence[Letter]
) -> Iterator[tuple[str, bool, datetime | None]]:
    acknowledged = next((each.created_at for each in letters if each.template.startswith("acknowledgement")), None)
    is_settled = request.state in SETTLED
    is_answered = request.state in RATEABLE
    yield "sent", True, request.created_at
    yield "acknowledged", True, acknowledged
    if request.verification:
        asked = requests.verification(db, request.id or 0)
        is_proven = request.verification in ("verified", "mailbox")
        yield "verified", is_proven or is_answered, asked.settled_at if asked and is_proven else None
    yield "reviewed", is_answered or request.state == "pending", None
    yield "answered", is_answered, request.answered_at
    yield "feedback", is_settled, None
    yield "resolved", is_settled, request.resolved_at
