"""Events -> handlers -> decisions, one transaction per event.

The door and delivery leave rows; this takes them up: a mail kept (received, rated, returned), a letter bounced
(returned), a wake whose time has come (due). What an agent does (answered) comes through desk/acts. A handler that
raises rolls back its event, which is tried again later and, after `attempts` tries, laid aside for a person.
"""

import asyncio
import importlib
import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session as Db

from gateway.config import Config
from gateway.desk import facts
from gateway.desk.apply import Application
from gateway.desk.capability import Capability
from gateway.desk.figures import Figures
from gateway.desk.handler import Answer, Bounce, Decisions, Drop, Due, Handler, Mail, Proof, Rating
from gateway.desk.post import Office
from gateway.mail.authres import Verdict
from gateway.mail.dsn import FailedRecipient
from gateway.mail.envelope import Envelope
from gateway.mail.message import parse
from gateway.models import Letter, RawMail, Received, Request
from gateway.store import events, requests
from gateway.store.customers import Customers
from gateway.store.database import Database, is_of_values, storable
from gateway.store.events import InHand
from gateway.store.ledger import Ledger

log = structlog.get_logger()
T = TypeVar("T")

FIRST_RETRY = timedelta(seconds=30)
"""Wait after the first failure of an event; it doubles."""
REASON = 1_000
"""Characters of a fault that are kept beside its event."""
AWAY = 2.0
"""Seconds between tries while the database is away."""
TOGETHER = 20
"""Mails in one transaction, while so many wait: the door's own commits come between."""
TOGETHER_OCTETS = 2_000_000
IDLE = 1.0
"""Seconds between looks for rows that another process left (the CLI, another node)."""


def load_handlers(config: Config) -> list[tuple[str, Handler]]:
    """The journey in the order of [desk] handlers, each with its settings. Raises ConfigError."""
    return [(name, config.section(name, _find_handler(config, name))) for name in config.desk.handlers]


def _find_handler(config: Config, name: str) -> type[Handler]:
    try:
        module = importlib.import_module(f"handlers.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"handlers.{name}":
            raise
        raise config.fault(("desk", "handlers"), f"there is no handlers/{name}.py") from None
    for _, found in inspect.getmembers(module, inspect.isclass):
        if issubclass(found, Handler) and found.__module__ == module.__name__:
            return found
    raise config.fault(("desk", "handlers"), f"handlers/{name}.py holds no class of Handler")


@dataclass(frozen=True, slots=True)
class Explanation:
    """What would be done with a mail, and why."""

    mail: Mail
    decisions: list[dict[str, Any]]


class _RolledBack(Exception):
    """Carries an explanation out of a transaction that is not to be kept."""

    def __init__(self, decisions: list[dict[str, Any]]) -> None:
        self.decisions = decisions


class _Failed(Exception):
    """The event cannot be handled: a handler raised, or the database cannot hold what would be written."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def _attempt(work: Callable[[Db], T], db: Db) -> T:
    try:
        done = work(db)
        db.flush()
        return done
    except Exception as error:
        if isinstance(error, DBAPIError) and not is_of_values(error):
            raise
        raise _Failed(error) from error


class Desk:
    """Takes up events and runs the journey on them."""

    def __init__(self, database: Database, journey: Sequence[tuple[str, Handler]], office: Office, attempts: int,
                 lease: timedelta, now: Callable[[], datetime], posted: Callable[[], None] = lambda: None,
                 customers: Customers | None = None, undo: timedelta = timedelta(seconds=10)) -> None:
        self.database, self.journey, self.office, self.customers = database, journey, office, customers
        self.attempts, self.lease, self.undo, self.now, self.posted = attempts, lease, undo, now, posted
        self.figures = Figures()
        self._awake = asyncio.Event()
        self._working = asyncio.Lock()
        self._stopping = False

    # ---- the loop ----

    async def run(self) -> None:
        """Take up events until `stop`; one of the three edges where every exception is met."""
        while not self._stopping:
            self._awake.clear()
            try:
                busy = await self.step()
            except Exception as error:
                log.error("the desk could not work", error=f"{type(error).__name__}: {str(error)[:300]}")
                await self._pause(AWAY)
                continue
            if not busy:
                await self._pause(IDLE)

    def wake(self) -> None:
        """Something new lies there."""
        self._awake.set()

    async def stop(self) -> None:
        """Let `run` end after the event in hand."""
        self._stopping = True
        self._awake.set()

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._awake.wait()
        except TimeoutError:
            pass

    async def settle(self) -> None:
        """Work until nothing is left to do now."""
        while await self.step():
            pass

    async def step(self) -> bool:
        """Take up what waits: mails together, one event of each other kind; False when there was none."""
        async with self._working:
            kept, letter, wake = await self.database.read(self._waiting)
            return any([await self._take_mails(kept), await self._take_bounced(letter), await self._take_wake(wake)])

    def _waiting(self, db: Db) -> tuple[list[tuple[Received, bytes]], int | None, int | None]:
        """Mails kept, a letter that bounced, a wake whose time has come."""
        now = self.now()
        return (events.next_kept(db, now, TOGETHER, TOGETHER_OCTETS), events.next_bounced(db),
                events.next_wake(db, now))

    async def _take_mails(self, found: Sequence[tuple[Received, bytes]]) -> bool:
        """Many at once while many wait: one commit for all. What fails together is tried alone."""
        if not found:
            return False
        mails = await asyncio.to_thread(lambda: [(row, self._try_to_read(row, content)) for row, content in found])
        for row, unread in mails:
            if isinstance(unread, Exception):  # one mail that cannot be read must not stand before all others
                await self._lay_back("mail", row.id or 0, unread, events.put_off_kept)
        readable = [(row, mail) for row, mail in mails if isinstance(mail, Mail)]
        if len(readable) > 1 and (done := await self._take_together(readable)) is not None:
            return done > 0
        alone = [await self._take_alone(row, mail) for row, mail in readable]
        return any(alone) or len(readable) < len(found)

    async def _take_alone(self, row: Received, mail: Mail) -> bool:
        return await self._transact("mail", row.id or 0, lambda db: self.handle_all(db, [(row, mail)]) > 0,
                                    events.put_off_kept)

    async def _take_together(self, mails: Sequence[tuple[Received, Mail]]) -> int | None:
        """How many were taken; None when one of them failed, and nothing of any was kept."""
        def work(db: Db) -> int:
            return self.handle_all(db, mails if events.may_take_many(db) else mails[:1])

        try:
            done = await self.database.write(lambda db: _attempt(work, db))
        except _Failed:
            return None
        self.figures.events["mail", "handled"] += done
        self.posted()
        return done

    async def _take_bounced(self, id: int | None) -> bool:
        return id is not None and await self._transact("letter", id, lambda db: self._report(db, id),
                                                       events.put_off_bounced)

    async def _take_wake(self, id: int | None) -> bool:
        return id is not None and await self._transact("wake", id, lambda db: self._due(db, id), events.put_off_wake)

    async def _transact(self, kind: str, id: int, work: Callable[[Db], bool], failed: Callable[..., str]) -> bool:
        try:
            done = await self.database.write(lambda db: _attempt(work, db))
        except _Failed as failure:  # any other fault is the database's: nothing is counted against the event
            return await self._lay_back(kind, id, failure.error, failed)
        self.figures.events[kind, "handled"] += done
        self.posted()
        return done

    async def _lay_back(self, kind: str, id: int, error: Exception, failed: Callable[..., str]) -> bool:
        """The event is tried again later, and given up after enough tries."""
        log.error("a handler failed", exc_info=error, **{kind: id})
        self.figures.events[kind, "laid back"] += 1
        reason, now = storable(f"{type(error).__name__}: {error}")[:REASON], self.now()
        outcome = await self.database.write(lambda db: failed(db, id, reason, now, self.attempts, FIRST_RETRY))
        log.warning("event laid back", outcome=outcome, **{kind: id})
        return True

    # ---- events ----

    def handle_all(self, db: Db, mails: Sequence[tuple[Received, Mail]]) -> int:
        """Kept mails, all in the caller's transaction; how many were there still for this desk to take."""
        taken, now = events.take_kept(db, [row.id or 0 for row, _ in mails]), self.now()
        ledger, done = Ledger(db, len(taken)), list[InHand]()
        for row, mail in mails:
            if row.id in taken:
                done.append(InHand(row.id, row.reason))
                self._handle(db, ledger, done[-1], mail, now)
        ledger.write()
        events.settle_kept(db, done, now)
        return len(done)

    def _handle(self, db: Db, ledger: Ledger, row: InHand, mail: Mail, now: datetime) -> list[dict[str, Any]]:
        found = [each for address in mail.envelope.recipients
                 if (each := self.office.capabilities.read(address, now))]
        return self._run_mail(db, ledger, row, mail, found, now)

    def _run_mail(self, db: Db, ledger: Ledger, row: InHand, mail: Mail, found: Sequence[Capability],
                  now: datetime) -> list[dict[str, Any]]:
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
        case = facts.of_mail(db, mail, found, self.office.prefix, now, self.customers, ledger)
        application = Application(db, self.office, case, "received", mail=mail, received=row, ledger=ledger)
        return self._ask(application, lambda handler: handler.received(mail, case))

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

    def _report(self, db: Db, letter_id: int) -> bool:
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

    def _due(self, db: Db, wake_id: int) -> bool:
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
            with self.figures.timed(name):
                goes_on = _apply_all(application, name, hear(handler))
            if not goes_on:
                break
        return application.decisions

    def _try_to_read(self, row: Received, content: bytes) -> Mail | Exception:
        try:
            return self._read_whole(row, content)
        except Exception as error:
            return error

    def _read_whole(self, row: Received, content: bytes) -> Mail:
        """All that handlers ask of a mail, read before the transaction: a large one must not keep the door waiting."""
        if self.customers is not None:
            self.customers.refresh()
        mail = self._mail(row, content)
        _ = mail.message.reply_text, mail.message.attachments, mail.message.language, mail.automatic
        return mail

    def _mail(self, row: Received, content: bytes) -> Mail:
        envelope = Envelope(row.reverse_path, tuple(row.recipients), row.client_ip, row.helo, row.tls, row.protocol)
        verdict = Verdict.from_json(row.verdict)
        message = parse(content).written_by(verdict.author)
        return Mail(message, envelope, verdict, self.office.site, row.quarantined)

    # ---- what would happen ----

    async def explain(self, raw: bytes, envelope: Envelope, verdict: Verdict, quarantined: bool,
                      now: datetime) -> Explanation:
        """Handle a mail as if it came now, and roll back."""
        row = Received(kept_at=now, client_ip=envelope.client_ip, helo=envelope.helo, tls=envelope.tls,
                       reverse_path=storable(envelope.reverse_path), size=len(raw), verdict=verdict.as_json(),
                       recipients=[storable(each) for each in envelope.recipients], quarantined=quarantined,
                       next_attempt=now)
        mail = await asyncio.to_thread(self._read_whole, row, raw)

        def work(db: Db) -> None:
            db.add(row)
            db.flush()
            db.add(RawMail(received_id=row.id or 0, content=raw))
            decisions = self._handle(db, ledger := Ledger(db), InHand(row.id or 0), mail, now)
            ledger.write()
            raise _RolledBack(decisions)

        try:
            await self.database.write(work)
        except _RolledBack as done:
            return Explanation(mail, done.decisions)
        raise AssertionError("an explanation was kept")


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
