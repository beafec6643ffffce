"""What is done with one event, in the caller's transaction: the facts are loaded, the handlers asked in their order,
their decisions applied."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from time import perf_counter
from typing import Any

from sqlalchemy.orm import Session as Db

from gateway.desk import facts
from gateway.desk.apply import Application
from gateway.desk.capability import Capability
from gateway.desk.figures import Figures
from gateway.desk.handler import Answer, Bounce, Decisions, Drop, Due, Handler, Mail, Proof, Rating
from gateway.desk.post import Office
from gateway.desk.teaching import Earned
from gateway.mail.authres import Verdict
from gateway.mail.dsn import FailedRecipient
from gateway.mail.message import parse
from gateway.models import Letter, Request
from gateway.store import events, requests
from gateway.store.customers import Customers
from gateway.store.events import InHand, Kept
from gateway.store.ledger import Ledger


class Handling:
    """The journey of one site."""

    def __init__(self, journey: Sequence[tuple[str, Handler]], office: Office, now: Callable[[], datetime],
                 customers: Customers | None) -> None:
        self.journey, self.office, self.now, self.customers = journey, office, now, customers
        self.figures = Figures()
        self.earned: Earned | None = None
        """What agents taught so well that it may stand in for a rule."""

    # ---- mails ----

    def read(self, kept: Kept) -> Mail:
        """All that handlers ask of a mail, read before the transaction: a large one must not keep the door waiting.
        Raises whatever stands against it."""
        if kept.fault is not None:
            raise kept.fault
        if self.customers is not None:
            self.customers.refresh()
        verdict = Verdict.from_json(kept.verdict)
        message = parse(kept.content).written_by(verdict.author)
        mail = Mail(message, kept.envelope, verdict, self.office.site, kept.quarantined)
        _ = message.reply_text, message.words, message.attachments, message.language, mail.automatic
        return mail

    def handle_all(self, db: Db, mails: Sequence[tuple[Kept, Mail]]) -> int:
        """Kept mails, all in one transaction; how many were there still for this desk to take."""
        taken, now = events.take_kept(db, [kept.id for kept, _ in mails]), self.now()
        here = [(InHand(kept.id, kept.reason), mail) for kept, mail in mails if kept.id in taken]
        ledger = Ledger(db, len(here))
        known = facts.Facts(db, ledger, [mail for _, mail in here], self.office.prefix, now, self.customers)
        for row, mail in here:
            self._handle(db, ledger, row, mail, known, now)
        ledger.finish()
        events.settle_kept(db, [row for row, _ in here], now)
        return len(here)

    def handle_alone(self, db: Db, row: InHand, mail: Mail, now: datetime) -> list[dict[str, Any]]:
        """One mail, as if it came now; what was decided."""
        ledger = Ledger(db)
        known = facts.Facts(db, ledger, [mail], self.office.prefix, now, self.customers)
        decisions = self._handle(db, ledger, row, mail, known, now)
        ledger.finish()
        return decisions

    def _handle(self, db: Db, ledger: Ledger, row: InHand, mail: Mail, known: facts.Facts,
                now: datetime) -> list[dict[str, Any]]:
        found = self._capabilities(mail, now)
        if found:
            ledger.write()  # what they name may be new
        for each in found:
            # A person who answers to one of these addresses by mistake is heard as anybody else.
            by_machine = mail.is_automatic or mail.message.is_bounce
            if each.purpose == "bounce" and by_machine and (letter := db.get(Letter, each.id)) and letter.request_id:
                return self._run_returned(db, letter, _bounce(letter, mail), ledger, row, now)
            if each.purpose == "rate" and mail.machine != "reply" and (
                    request := db.get(Request, each.id, with_for_update=True)):
                rating = Rating(each.rating, mail.message.reply_text)
                return self._run_rated(db, requests.standing(db, request), rating, ledger, mail, row, now)
        case = known.of(mail, found)
        if self.earned is not None and not case.evidence:
            case.suggested = self.earned.suggest(mail.message.subject, mail.message.reply_text)
        application = Application(db, self.office, case, "received", mail=mail, received=row, ledger=ledger)
        return self._ask(application, lambda handler: handler.received(mail, case))

    def _capabilities(self, mail: Mail, now: datetime) -> list[Capability]:
        """What the addresses that it came to are good for."""
        read = (self.office.capabilities.read(address, now) for address in mail.envelope.recipients)
        return [each for each in read if each]

    def _run_rated(self, db: Db, request: Request, rating: Rating, ledger: Ledger, mail: Mail, row: InHand,
                   now: datetime) -> list[dict[str, Any]]:
        case = facts.of_request(db, request, self.office.site, now)
        application = Application(db, self.office, case, "rated", mail=mail, received=row, ledger=ledger)
        application.enter_mail()
        return self._ask(application, lambda handler: handler.rated(rating, case))

    def _run_returned(self, db: Db, letter: Letter, bounce: Bounce, ledger: Ledger, row: InHand | None,
                      now: datetime) -> list[dict[str, Any]]:
        request = db.get_one(Request, letter.request_id, with_for_update=True)
        case = facts.of_request(db, request, self.office.site, now)
        if row is not None:
            row.request_id = request.id
        application = Application(db, self.office, case, "returned", received=row, ledger=ledger)
        return self._ask(application, lambda handler: handler.returned(bounce, case))

    # ---- what happens without a mail ----

    def answered(self, application: Application, answer: Answer) -> None:
        """An agent said something: the entry is there, now the handlers hear of it."""
        self._ask(application, lambda handler: handler.answered(answer, application.case))
        application.ledger.write()

    def rated(self, application: Application, rating: Rating) -> None:
        """The customer rated our work on their page."""
        self._ask(application, lambda handler: handler.rated(rating, application.case))
        application.ledger.write()

    def proved(self, application: Application, proof: Proof) -> None:
        """The link of a verification letter was pressed, or an agent decided about the person."""
        self._ask(application, lambda handler: handler.proved(proof, application.case))
        application.ledger.write()

    def report(self, db: Db, letter_id: int) -> bool:
        """A letter bounced, as the next host said; False when another desk was faster."""
        letter = events.take_bounced(db, letter_id)
        if letter is None:
            return False
        letter.is_reported = True
        if letter.request_id:
            status = next((word for word in letter.reply.split() if word.count(".") == 2 and word[0] in "45"), "5.0.0")
            failed = FailedRecipient(letter.recipient, status, True, letter.reply)
            ledger = Ledger(db)
            self._run_returned(db, letter, Bounce(letter, (failed,), letter.reply), ledger, None, self.now())
            ledger.write()
        return True

    def due(self, db: Db, wake_id: int) -> bool:
        """The time of a wake has come; False when another desk was faster."""
        wake = events.take_wake(db, wake_id, self.now())
        if wake is None:
            return False
        wake.done_at = self.now()
        request = db.get_one(Request, wake.request_id, with_for_update=True)
        case = facts.of_request(db, request, self.office.site, self.now())
        application = Application(db, self.office, case, "due")
        self._ask(application, lambda handler: handler.due(Due(wake.handler, wake.purpose), case), only=wake.handler)
        application.ledger.write()
        return True

    def _ask(self, application: Application, hear: Callable[[Handler], Decisions],
             only: str = "") -> list[dict[str, Any]]:
        for name, handler in self.journey:
            if only not in ("", name):
                continue
            began = perf_counter()
            try:
                goes_on = _apply_all(application, name, hear(handler))
            finally:
                self.figures.asked(name, perf_counter() - began)
            if not goes_on:
                break
        return application.decisions


def _apply_all(application: Application, name: str, decisions: Iterable[Any]) -> bool:
    """Apply what one handler says as it says it; False when the mail ends here."""
    for decision in decisions:
        application.apply(name, decision)
        if isinstance(decision, Drop):
            return False
    return True


def _bounce(letter: Letter, mail: Mail) -> Bounce:
    failed = mail.message.bounce
    reason = failed[0].diagnostic if failed else mail.automatic or mail.message.subject
    return Bounce(letter, failed, " ".join(reason.split())[:500], is_automatic_reply=not mail.message.is_bounce)
