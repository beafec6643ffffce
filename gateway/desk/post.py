"""A letter on its way into the outbox: to the customer of a request, in their language, with the addresses that tie
whatever comes back to the request (Reply-To) and to this letter (reverse-path)."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session as Db

from gateway.config import Site
from gateway.desk.capability import Capabilities, Capability, Purpose
from gateway.desk.handler import Asking, Case, Identity, Send
from gateway.desk.letters import Letters, Rendered
from gateway.mail.compose import Draft, compose
from gateway.models import Customer, CustomerRecord, Entry, Letter, Request, Verification
from gateway.store import agents, requests
from gateway.store.database import storable
from gateway.store.ledger import Ledger

LINK, LOOK = "/v/", "/r/"
"""Between the page and the token: of an asking, and of a look at how a request is getting on."""


_Makers = dict[str, Callable[[], str]]
"""Of the fields of a letter: most letters use a few of them, and some are dear."""


@dataclass(frozen=True, slots=True)
class Office:
    """What every letter and number of one site is made with."""

    site: Site
    prefix: str
    letters: Letters
    capabilities: Capabilities
    page: str = ""
    """What links in letters begin with; "" when they carry none."""


class Post:
    """Writes the letters of one event. `said`: the entry that the event is about, an agent's answer for instance."""

    def __init__(self, db: Db, ledger: Ledger, office: Office, case: Case, event: str, said: Entry | None) -> None:
        self.db, self.ledger, self.office, self.case, self.said = db, ledger, office, case, said
        self.by_agent = event == "answered"

    def send(self, handler: str, decision: Send, request: Request) -> dict[str, object]:
        """Put the letter into the outbox; what is written into the history about it."""
        # Not case.customer: whoever was given the reply address may write to it, but letters go to the customer.
        owner = decision.asking.owner if decision.asking else None
        address = owner.address if owner else self._customer(request).address
        if request.is_held or "@" not in address:
            reason = "the request is on hold" if request.is_held else "the mail named no address"
            return {"template": decision.template, "sent": False, "not_sent_because": reason}
        letter = Letter(id=self.ledger.next_id(Letter), request_id=request.id, template=decision.template,
                        created_at=self.case.now, recipient=address, raw=b"", is_automatic=not self.by_agent,
                        next_attempt=self.case.now)
        rendered = self._write(letter, request, decision)
        self.ledger.enter(letter)
        self._enter(letter, request, handler, rendered)
        return {"template": decision.template, "sent": True, "to": address, "letter": letter.id}

    def _write(self, letter: Letter, request: Request, decision: Send) -> Rendered:
        now, site = self.case.now, self.office.site
        asking = decision.asking
        asked = self._ask_proof(letter, request, asking) if asking else None
        last, thread = self._thread(request)
        owner = asking.owner if asking else None
        language = self._language(request, owner)
        used = self.office.letters.names_in(decision.template, language)
        makers = {**self._fields(request, last, asked), **self._addresses(request, asked)}
        fields = {name: make() for name, make in makers.items() if name in used} | dict(decision.fields)
        name = self._customer(request).name
        if owner or (letter.is_automatic and not Identity(request.identity).is_proven):
            # Nobody can use us to send his text to a third person.
            name = owner.name if owner else ""
            fields |= {"name": name, "subject": "", "quoted": "", "text": "", "progress": ""}
        rendered = self.office.letters.render(decision.template, language, fields)
        letter.reverse_path = self._address("bounce", letter.id)
        letter.message_id = f"<{secrets.token_hex(16)}@{site.hostname}>"
        letter.subject = rendered.subject
        letter.raw = compose(Draft(
            sender=site.support[0], sender_name=site.name, recipient=letter.recipient,
            recipient_name=name, reply_to=makers["reply_address"](),
            subject=rendered.subject, text=rendered.text, html=rendered.html, message_id=letter.message_id, date=now,
            in_reply_to=last.message_id if last and not owner else "",
            references=() if owner else tuple(thread),
            is_automatic=letter.is_automatic, language=language, attachments=self._files()))
        return rendered

    def _files(self) -> tuple[tuple[str, str, bytes], ...]:
        """What the agent sends along."""
        entry = self.said.id if self.by_agent and self.said is not None else None
        uploads = requests.uploads(self.db, entry) if entry else ()
        return tuple((each.filename, each.content_type, each.content) for each in uploads)

    def _thread(self, request: Request) -> tuple[Entry | None, list[str]]:
        """The newest mail of the customer, and the Message-IDs of the conversation so far."""
        has_letter = any(each.request_id == request.id for each in self.ledger.gathered(Letter))
        if self.case.is_new and self.said is not None and not has_letter:
            return self.said, [self.said.message_id] if self.said.message_id else []
        self.ledger.write()
        return requests.last_mail(self.db, request.id or 0), requests.thread(self.db, request.id or 0)

    def _customer(self, request: Request) -> Customer:
        known = self.case.customer
        return known if known and known.id == request.customer_id else requests.customer(self.db, request)

    def _language(self, request: Request, owner: CustomerRecord | None) -> str:
        """Whoever is on file is written to as they once wrote, not as the stranger who named them writes."""
        known = requests.customer_at(self.db, owner.address.lower()) if owner else None
        return known.language if known and known.language else request.language

    def _enter(self, letter: Letter, request: Request, handler: str, rendered: Rendered) -> None:
        """Into the conversation: what an agent said is there already, and now has its letter."""
        if self.by_agent and self.said is not None and self.said.letter_id is None:
            self.ledger.write()  # the letter comes before what names it
            self.said.letter_id, self.said.message_id = letter.id, letter.message_id
            self.said.subject = rendered.subject
            return
        # What went elsewhere is in no thread of the customer's: not even its Message-ID may reach them.
        is_elsewhere = letter.recipient != self._customer(request).address
        self.ledger.enter(Entry(
            id=self.ledger.next_id(Entry), request_id=request.id or 0, at=self.case.now, kind="letter", author=handler,
            subject=rendered.subject, text=rendered.text, message_id="" if is_elsewhere else letter.message_id,
            letter_id=letter.id))

    def _ask_proof(self, letter: Letter, request: Request, asking: Asking) -> Verification:
        self.case.verification = asked = Verification(
            id=self.ledger.next_id(Verification), request_id=request.id or 0, sent_to=letter.recipient,
            asked_at=self.case.now, expires_at=self.case.now + asking.lifetime, basis=asking.basis,
            account=storable(asking.account))
        self.ledger.enter(asked)
        return asked

    def _addresses(self, request: Request, asked: Verification | None) -> _Makers:
        rates = {f"rate_{value}": partial(self._address, "rate", request.id, value) for value in range(1, 6)}
        if asked is None:
            return {"reply_address": partial(self._address, "reply", request.id), **rates}
        once = Capability("verify", asked.id or 0), self.case.now, asked.expires_at - self.case.now
        path = f"{LINK}{self.office.capabilities.token(*once)}?l={request.language}"
        link = f"{self.office.page}{path}" if self.office.page else ""
        return {"reply_address": lambda: self.office.capabilities.address(*once), "link": lambda: link, **rates}

    def _address(self, purpose: Purpose, id: int | None, rating: int = 0) -> str:
        return self.office.capabilities.address(Capability(purpose, id or 0, rating), self.case.now)

    def _fields(self, request: Request, last: Entry | None, asked: Verification | None) -> _Makers:
        return {
            "site": lambda: self.office.site.name, "number": lambda: request.number, "subject": lambda: request.subject,
            "name": lambda: self._customer(request).name, "agent": lambda: self._owner(request),
            "text": lambda: self.said.text if self.said else "", "quoted": lambda: _quoted(last),
            "received": lambda: self._local(last.at if last else request.created_at),
            "due": lambda: self._local(request.due),
            "expires": lambda: self._local(asked.expires_at if asked else None),
            "account": lambda: asked.account if asked else "", "progress": lambda: self._look(request),
        }

    def _owner(self, request: Request) -> str:
        name = request.owner
        return name and (self.office.site.agents.get(name) or agents.full_name(self.db, name) or name)

    def _look(self, request: Request) -> str:
        """Only for who wrote the request: its page shows their subject, and what we answered."""
        if not self.office.page:
            return ""
        token = self.office.capabilities.token(Capability("look", request.id or 0), self.case.now)
        return f"{self.office.page}{LOOK}{token}?l={request.language}"

    def _local(self, moment: datetime | None) -> str:
        return moment.astimezone(ZoneInfo(self.office.site.timezone)).strftime("%Y-%m-%d %H:%M %Z") if moment else ""


def _quoted(mail: Entry | None) -> str:
    return "".join(f"> {line}\n" for line in (mail.reply_text or mail.text).splitlines()) if mail else ""
