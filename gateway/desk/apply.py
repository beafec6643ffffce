"""Decisions -> rows. Each is applied before its handler goes on, and written to the history with its reason."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session as Db

from gateway.config import Site
from gateway.desk import facts, number, states
from gateway.desk.capability import Capabilities, Capability
from gateway.desk.handler import (
    Case,
    Decision,
    Drop,
    Hold,
    Identity,
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
from gateway.desk.letters import Letters, Rendered
from gateway.mail.compose import Draft, compose
from gateway.models import Attachment, Customer, Entry, Figure, History, Letter, Received, Request, Verification
from gateway.models import Wake as WakeRow
from gateway.store import requests

SUBJECT = 500
"""Characters of a subject that are kept beside the request; the raw mail has all of it."""


@dataclass(frozen=True, slots=True)
class Office:
    """What every letter and number of one site is made with."""

    site: Site
    prefix: str
    letters: Letters
    capabilities: Capabilities


class Application:
    """One event's decisions on their way into one transaction."""

    def __init__(self, db: Db, office: Office, case: Case, event: str, *, mail: Mail | None = None,
                 received: Received | None = None, said: Entry | None = None) -> None:
        self.db, self.office, self.case, self.event = db, office, case, event
        self.mail, self.received, self.said = mail, received, said
        self.decisions: list[dict[str, Any]] = []

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
        self.write(handler, type(decision).__name__.lower(), detail, decision.because)

    def write(self, handler: str, decision: str, detail: dict[str, Any], because: str) -> None:
        """One line of the history."""
        request = self.case.request
        if request is not None:
            request.changed_at = self.case.now
            detail = {"request": request.number, **detail}
        self.db.add(History(
            at=self.case.now, request_id=request.id if request else None, event=self.event, handler=handler,
            received_id=self.received.id if self.received else None, decision=decision, detail=_clean(detail),
            because=clean(because)))
        self.decisions.append({"handler": handler, "decision": decision, **detail, "because": because})

    # ---- where the mail belongs ----

    def _open(self, decision: Open) -> dict[str, Any]:
        mail, case = self._need_mail(), self.case
        case.customer = case.customer or self._new_customer(mail)
        if mail.verdict.identity.is_proven and mail.message.from_name:
            case.customer.name = clean(mail.message.from_name)[:SUBJECT]
        year = case.now.astimezone(ZoneInfo(self.office.site.timezone)).year
        running = requests.next_number(self.db, f"{self.office.prefix}-{year}")
        case.request = request = Request(
            number=number.compose(self.office.prefix, year, running), customer_id=case.customer.id or 0,
            subject=clean(decision.subject)[:SUBJECT], language=self._language(mail),
            identity=mail.verdict.identity, identity_because=clean(mail.verdict.because),
            created_at=case.now, changed_at=case.now, customer_wrote_at=case.now)
        self.db.add(request)
        self.db.flush()
        case.is_new, case.previous_state = True, ""
        self.enter_mail()
        return {"number": request.number, "subject": request.subject}

    def _join(self, decision: Join) -> dict[str, Any]:
        case, request = self.case, decision.request
        case.request, case.is_new, case.previous_state = request, False, request.state
        case.is_held = request.is_held
        case.verification = requests.verification(self.db, request.id or 0)
        request.customer_wrote_at = case.now
        self.enter_mail()
        return {"number": request.number}

    def enter_mail(self) -> None:
        """Put the event's mail into the conversation of the case's request."""
        mail, request, message = self._need_mail(), self._need_request(), self._need_mail().message
        entry = Entry(
            request_id=request.id or 0, at=self.case.now, kind="mail", author=clean(facts.author(mail)),
            subject=clean(message.subject)[:SUBJECT], text=clean(message.text), reply_text=clean(message.reply_text),
            message_id=clean(message.message_id), identity=mail.verdict.identity,
            received_id=self.received.id if self.received else None)
        self.db.add(entry)
        self.db.flush()
        self.db.add_all(
            Attachment(entry_id=entry.id or 0, position=position, filename=clean(each.filename),
                       content_type=clean(each.content_type), size=each.size, sha256=each.sha256,
                       findings=[clean(finding) for finding in each.findings])
            for position, each in enumerate(message.attachments))
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
        self.received.state, self.received.reason = "dropped", clean(decision.because)
        return {}

    def _new_customer(self, mail: Mail) -> Customer:
        customer = Customer(address=clean(facts.author(mail)), name=clean(mail.message.from_name)[:SUBJECT],
                            language=self._language(mail), created_at=self.case.now)
        return requests.enter_customer(self.db, customer)

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
            request.verification_because = clean(decision.because)
        self._settle_verification(decision)
        return given | ({"failed_attempt": True} if decision.failed_attempt else {})

    def _settle_verification(self, decision: Label) -> None:
        asked = self.case.verification
        if asked is None or asked.state != "asked":
            return
        asked.attempts += decision.failed_attempt
        if decision.verification in ("verified", "expired"):
            asked.state, asked.settled_at = decision.verification, self.case.now

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
        if request.state not in states.DEMANDING:
            request.due = request.lease_until = None
        return {"word": decision.word, "state": request.state}

    def _wake(self, handler: str, decision: Wake) -> dict[str, Any]:
        request, now = self._need_request(), self.case.now
        waiting = requests.waiting_wake(self.db, request.id or 0, handler, decision.purpose)
        if decision.after is None:
            if waiting:
                waiting.done_at = now
            return {"purpose": decision.purpose, "at": None}
        at = now + decision.after
        if waiting:
            waiting.at = at
        else:
            self.db.add(WakeRow(request_id=request.id or 0, handler=handler, purpose=decision.purpose, at=at))
        return {"purpose": decision.purpose, "at": at.isoformat()}

    def _note(self, handler: str, decision: Note) -> dict[str, Any]:
        request = self._need_request()
        text = clean(decision.text)
        self.db.add(Entry(request_id=request.id or 0, at=self.case.now, kind="note", author=handler, text=text))
        return {"text": text}

    def _record(self, decision: Record) -> dict[str, Any]:
        request = self._need_request()
        if decision.name == "rating":
            request.rating = int(decision.value)
        self.db.add(Figure(at=self.case.now, request_id=request.id or 0, name=decision.name, value=decision.value))
        return {"name": decision.name, "value": decision.value}

    # ---- letters ----

    def _send(self, handler: str, decision: Send) -> dict[str, Any]:
        request, case = self._need_request(), self.case
        # Not case.customer: whoever was given the reply address may write to it, but letters go to the customer.
        address = requests.customer(self.db, request).address
        if request.is_held or "@" not in address:
            reason = "the request is on hold" if request.is_held else "the mail named no address"
            return {"template": decision.template, "sent": False, "not_sent_because": reason}
        letter = Letter(request_id=request.id, template=decision.template, created_at=case.now, recipient=address,
                        raw=b"", is_automatic=self.event != "answered", next_attempt=case.now)
        self.db.add(letter)
        self.db.flush()
        self._write_letter(letter, request, handler, decision)
        return {"template": decision.template, "sent": True, "to": address, "letter": letter.id}

    def _write_letter(self, letter: Letter, request: Request, handler: str, decision: Send) -> None:
        now, site = self.case.now, self.office.site
        asked = self._ask_proof(letter, request, decision)
        addresses = self._addresses(request, asked)
        last = requests.last_mail(self.db, request.id or 0)
        fields = {**self._fields(request, last, asked), **addresses, **decision.fields}
        if letter.is_automatic and not Identity(request.identity).is_proven:
            # Nobody can use us to send his text to a third person.
            fields |= {"name": "", "subject": "", "quoted": "", "text": ""}
        rendered = self.office.letters.render(decision.template, request.language, fields)
        letter.reverse_path = self._address("bounce", letter.id)
        letter.message_id = f"<{letter.id}.{secrets.token_hex(12)}@{site.hostname}>"
        letter.subject = rendered.subject
        letter.raw = compose(Draft(
            sender=site.support[0], sender_name=site.name, recipient=letter.recipient,
            recipient_name=fields["name"], reply_to=addresses["reply_address"],
            subject=rendered.subject, text=rendered.text, html=rendered.html, message_id=letter.message_id, date=now,
            in_reply_to=last.message_id if last else "", references=tuple(requests.thread(self.db, request.id or 0)),
            is_automatic=letter.is_automatic, language=request.language))
        self._enter_letter(letter, request, handler, rendered)

    def _enter_letter(self, letter: Letter, request: Request, handler: str, rendered: Rendered) -> None:
        if self.event == "answered" and self.said is not None and self.said.letter_id is None:
            self.said.letter_id, self.said.message_id = letter.id, letter.message_id
            self.said.subject = rendered.subject
            return
        self.db.add(Entry(request_id=request.id or 0, at=self.case.now, kind="letter", author=handler,
                          subject=rendered.subject, text=rendered.text, message_id=letter.message_id,
                          letter_id=letter.id))

    def _ask_proof(self, letter: Letter, request: Request, decision: Send) -> Verification | None:
        if decision.verification_lifetime is None:
            return None
        self.case.verification = asked = Verification(
            request_id=request.id or 0, sent_to=letter.recipient, asked_at=self.case.now,
            expires_at=self.case.now + decision.verification_lifetime)
        self.db.add(asked)
        self.db.flush()
        return asked

    def _addresses(self, request: Request, asked: Verification | None) -> dict[str, str]:
        reply = (self.office.capabilities.address(Capability("verify", asked.id or 0), self.case.now,
                                                  asked.expires_at - self.case.now)
                 if asked else self._address("reply", request.id))
        rates = {f"rate_{value}": self._address("rate", request.id, value) for value in range(1, 6)}
        return {"reply_address": reply, **rates}

    def _address(self, purpose: Any, id: int | None, rating: int = 0) -> str:
        return self.office.capabilities.address(Capability(purpose, id or 0, rating), self.case.now)

    def _fields(self, request: Request, last: Entry | None, asked: Verification | None) -> dict[str, str]:
        site, customer = self.office.site, requests.customer(self.db, request)
        owner = site.agents.get(request.owner, request.owner)
        quoted = "".join(f"> {line}\n" for line in (last.reply_text or last.text).splitlines()) if last else ""
        return {
            "site": site.name, "number": request.number, "subject": request.subject,
            "name": customer.name, "agent": owner, "text": self.said.text if self.said else "",
            "quoted": quoted, "received": self._local(last.at if last else request.created_at),
            "due": self._local(request.due), "expires": self._local(asked.expires_at if asked else None),
        }

    def _local(self, moment: datetime | None) -> str:
        return moment.astimezone(ZoneInfo(self.office.site.timezone)).strftime("%Y-%m-%d %H:%M %Z") if moment else ""

    # ---- what must be there ----

    def _need_request(self) -> Request:
        if self.case.request is None:
            raise ValueError("this decision needs a request: Open or Join comes first")
        return self.case.request

    def _need_mail(self) -> Mail:
        if self.mail is None:
            raise ValueError("Open and Join need a mail")
        return self.mail


def clean(text: str) -> str:
    """Text that both databases can hold: no NUL, no lone surrogates."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _clean(detail: Mapping[str, Any]) -> dict[str, Any]:
    return {name: clean(value) if isinstance(value, str) else value for name, value in detail.items()}
