"""Decisions -> rows. Each is applied before its handler goes on, and written to the history with its reason."""

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session as Db

from gateway.desk import facts, number, states
from gateway.desk.handler import (
    Case,
    Decision,
    Drop,
    Hold,
    Join,
    Label,
    Mail,
    Move,
    Note,
    Open,
    Place,
    Record,
    Send,
    Wake,
)
from gateway.desk.post import Office, Post
from gateway.models import Attachment, Customer, Entry, Figure, History, Request
from gateway.models import Wake as WakeRow
from gateway.store import requests
from gateway.store.database import storable
from gateway.store.events import InHand
from gateway.store.ledger import Ledger

SUBJECT = 500
"""Characters of a subject that are kept beside the request; the raw mail has all of it."""
LONGEST_TEXT = 200_000
"""The same of a text: a hundred pages. Whoever sends more must not fill what agents' windows are made of."""


class Application:
    """One event's decisions on their way into one transaction. What is new is there after `ledger.write`."""

    def __init__(self, db: Db, office: Office, case: Case, event: str, *, mail: Mail | None = None,
                 received: InHand | None = None, said: Entry | None = None, ledger: Ledger | None = None) -> None:
        self.db, self.office, self.case, self.event = db, office, case, event
        self.mail, self.received, self.said = mail, received, said
        self.ledger = ledger or Ledger(db)
        self.decisions: list[dict[str, Any]] = []
        self._wakes: dict[int, dict[tuple[str, str], WakeRow]] = {}

    def apply(self, handler: str, decision: Decision) -> None:
        """Make it a fact. Raises ValueError for a decision that cannot be meant (no request yet, unknown word)."""
        match decision:
            case Open():
                detail = self._open(decision)
            case Join():
                detail = self._join(decision)
            case Hold():
                detail = self._hold(decision)
            case Drop():
                detail = self._drop(decision)
            case Label():
                detail = self._label(decision)
            case Place():
                detail = self._place(decision)
            case Move():
                detail = self._move(decision)
            case Send():
                detail = self._send(handler, decision)
            case Wake():
                detail = self._wake(handler, decision)
            case Note():
                detail = self._note(handler, decision)
            case Record():
                detail = self._record(decision)
            case _:
                raise TypeError(f"{decision!r} is no decision")
        self.write(handler, type(decision).__name__.lower(), detail, decision.because)

    def write(self, handler: str, decision: str, detail: dict[str, Any], because: str) -> None:
        """One line of the history."""
        request = self.case.request
        if request is not None:
            request.changed_at = self.case.now
            detail = {"request": request.number, **detail}
        self.ledger.note(
            History, at=self.case.now, request_id=request.id if request else None, event=self.event, handler=handler,
            received_id=self.received.id if self.received else None, decision=decision, detail=storable(detail),
            because=storable(because))
        self.decisions.append({"handler": handler, "decision": decision, **detail, "because": because})

    # ---- where the mail belongs ----

    def _open(self, decision: Open) -> dict[str, Any]:
        mail, case = self._need_mail(), self.case
        year = case.now.astimezone(ZoneInfo(self.office.site.timezone)).year
        # First of all: two desks that wait for each other's number and customer would wait for ever.
        running = self.ledger.next_number(f"{self.office.prefix}-{year}")
        case.customer = case.customer or self._new_customer(mail)
        if mail.verdict.identity.is_proven and mail.message.from_name:
            case.customer.name = storable(mail.message.from_name)[:SUBJECT]
        case.request = request = Request(
            id=self.ledger.next_id(Request), number=number.compose(self.office.prefix, year, running),
            customer_id=case.customer.id or 0,
            subject=storable(decision.subject)[:SUBJECT], language=self._language(mail),
            identity=mail.verdict.identity, identity_because=storable(mail.verdict.because),
            on_file=storable(case.on_file.sentence) if case.on_file else "",
            created_at=case.now, changed_at=case.now, customer_wrote_at=case.now)
        self.ledger.enter(request)
        case.is_new, case.previous_state, case.letters_to = True, "", case.customer.address
        self.enter_mail()
        return {"number": request.number, "subject": request.subject}

    def _join(self, decision: Join) -> dict[str, Any]:
        case, request = self.case, decision.request
        self.ledger.write()
        case.request, case.is_new, case.previous_state = request, False, request.state
        case.is_held, case.letters_to = request.is_held, requests.customer(self.db, request).address
        answered = next((each.verification for each in case.evidence
                         if each.verification and each.request.id == request.id), None)
        case.verification = answered or requests.verification(self.db, request.id or 0)
        request.customer_wrote_at = case.now
        # A letter to an address on file: its reader and the customer may be strangers.
        self.enter_mail(is_aside=answered is not None and answered.sent_to.lower() != case.letters_to)
        return {"number": request.number}

    def enter_mail(self, is_aside: bool = False) -> None:
        """Put the event's mail into the conversation. is_aside: for agents only, so that no letter ever quotes it."""
        mail, request, message = self._need_mail(), self._need_request(), self._need_mail().message
        entry = Entry(
            id=self.ledger.next_id(Entry), request_id=request.id or 0, at=self.case.now,
            kind="note" if is_aside else "mail", author=facts.author(mail),
            subject=storable(message.subject)[:SUBJECT],
            text=storable(message.text[:LONGEST_TEXT]),
            reply_text=storable(message.reply_text[:LONGEST_TEXT]) if message.reply_text != message.text else "",
            message_id="" if is_aside else storable(message.message_id),
            identity=mail.verdict.identity, received_id=self.received.id if self.received else None)
        self.ledger.enter(entry, *(
            Attachment(entry_id=entry.id or 0, position=position, filename=storable(each.filename),
                       content_type=storable(each.content_type), size=each.size, sha256=each.sha256,
                       findings=[storable(finding) for finding in each.findings])
            for position, each in enumerate(message.attachments)))
        self.ledger.find_by(entry.id or 0, request.number, request.subject, storable(message.from_name), entry.author,
                            entry.subject, storable(" ".join(message.words)))
        request.last_entry = entry.id or 0
        self.said = entry
        if self.received is not None:
            self.received.request_id = request.id

    def _hold(self, decision: Hold) -> dict[str, Any]:
        request = self._need_request()
        request.is_held = self.case.is_held = True
        request.held_for = decision.candidate.id if decision.candidate else None
        return {"candidate": decision.candidate.number if decision.candidate else None}

    def _drop(self, decision: Drop) -> dict[str, Any]:
        if self.received is None:
            raise ValueError("only a mail can be dropped")
        self.received.state, self.received.reason = "dropped", storable(decision.because)
        return {}

    def _new_customer(self, mail: Mail) -> Customer:
        customer = Customer(address=facts.author(mail), name=storable(mail.message.from_name)[:SUBJECT],
                            language=self._language(mail), created_at=self.case.now)
        return self.ledger.enter_customer(customer)

    def _language(self, mail: Mail) -> str:
        languages = self.office.site.languages
        return mail.message.language if mail.message.language in languages else languages[0]

    # ---- what is known and where it waits ----

    def _label(self, decision: Label) -> dict[str, Any]:
        request = self._need_request()
        given = {name: value for name in ("category", "language", "verification")
                 if (value := getattr(decision, name)) is not None}
        for name, value in given.items():
            setattr(request, name, value)
        if decision.verification is not None:
            request.verification_because = storable(decision.because)
        self._settle_verification(decision)
        return given | ({"failed_attempt": True} if decision.failed_attempt else {})

    def _settle_verification(self, decision: Label) -> None:
        asked = self.case.verification
        if asked is None:
            return
        asked.attempts += decision.failed_attempt
        if asked.state == "asked" and decision.asking:
            asked.state, asked.settled_at = decision.asking, self.case.now

    def _place(self, decision: Place) -> dict[str, Any]:
        request = self._need_request()
        request.queue, request.priority = decision.queue, min(max(decision.priority, 1), 5)
        request.due = decision.due if request.state in states.DEMANDING else None
        return {"queue": request.queue, "priority": request.priority,
                "due": request.due.isoformat() if request.due else None}

    def _move(self, decision: Move) -> dict[str, Any]:
        request, now = self._need_request(), self.case.now
        before, request.state = request.state, states.after(request.state, decision.word)
        if states.is_reopening(before, request.state):
            request.reopened += 1
            request.resolved_at = request.closed_at = None
            request.resolution = ""
        if request.state == "open" and before != "open" and decision.word != "claimed":
            request.lease_until = None  # it comes back to its owner, or to anybody
        if request.state == "answered" and request.answered_at is None:
            request.answered_at = now
        if request.state == "resolved" != before:
            request.resolved_at, request.resolution = now, decision.word
        if request.state == "closed" != before:
            request.closed_at = now
        if decision.word == "spam":
            request.resolution = "spam"
        if request.state not in states.DEMANDING:
            request.due = request.lease_until = None
        return {"word": decision.word, "state": request.state}

    def _wake(self, handler: str, decision: Wake) -> dict[str, Any]:
        request, now, key = self._need_request(), self.case.now, (handler, decision.purpose)
        waiting = self._waiting_wakes(request)
        if decision.after is None:
            if wake := waiting.pop(key, None):
                wake.done_at = now
            return {"purpose": decision.purpose, "at": None}
        at = now + decision.after
        if wake := waiting.get(key):
            wake.at = at
        else:
            waiting[key] = wake = WakeRow(id=self.ledger.next_id(WakeRow), request_id=request.id or 0, handler=handler,
                                          purpose=decision.purpose, at=at)
            self.ledger.enter(wake)
        return {"purpose": decision.purpose, "at": at.isoformat()}

    def _waiting_wakes(self, request: Request) -> dict[tuple[str, str], WakeRow]:
        """What the request waits for, by handler and purpose: asked for once."""
        id = request.id or 0
        if id not in self._wakes:
            found = [] if self.case.is_new else requests.waiting_wakes(self.db, id)
            self._wakes[id] = {(each.handler, each.purpose): each for each in found}
        return self._wakes[id]

    def _note(self, handler: str, decision: Note) -> dict[str, Any]:
        request = self._need_request()
        text = storable(decision.text)
        self.ledger.enter(Entry(id=self.ledger.next_id(Entry), request_id=request.id or 0, at=self.case.now,
                                kind="note", author=handler, text=text))
        return {"text": text}

    def _record(self, decision: Record) -> dict[str, Any]:
        request = self._need_request()
        if decision.name == "rating":
            request.rating = int(decision.value)
        self.ledger.enter(Figure(at=self.case.now, request_id=request.id or 0, name=decision.name,
                                 value=decision.value))
        return {"name": decision.name, "value": decision.value}

    def _send(self, handler: str, decision: Send) -> dict[str, Any]:
        post = Post(self.db, self.ledger, self.office, self.case, self.event, self.said)
        return post.send(handler, decision, self._need_request())

    # ---- what must be there ----

    def _need_request(self) -> Request:
        if self.case.request is None:
            raise ValueError("this decision needs a request: Open or Join comes first")
        return self.case.request

    def _need_mail(self) -> Mail:
        if self.mail is None:
            raise ValueError("Open and Join need a mail")
        return self.mail
