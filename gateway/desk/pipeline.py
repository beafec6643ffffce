"""Events -> handlers -> decisions, one transaction per event.

The door and delivery leave rows; this takes them up: a mail kept (received, rated, returned), a letter bounced
(returned), a wake whose time has come (due). What an agent does (answered) comes through desk/acts. A handler that
raises rolls back its event, which is tried again later and, after `attempts` tries, laid aside for a person.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, TypeVar

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session as Db

from gateway.desk.handler import Handler, Mail
from gateway.desk.handling import Handling
from gateway.desk.journey import told
from gateway.desk.post import Office
from gateway.desk.teaching import earned
from gateway.mail.authres import Verdict
from gateway.mail.envelope import Envelope
from gateway.models import RawMail, Received
from gateway.store import events
from gateway.store.customers import Customers
from gateway.store.database import Database, is_of_values, storable
from gateway.store.events import InHand, Kept

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
LEARN = timedelta(minutes=10)
"""Between two looks at what agents taught."""
QUIET = 0.02
"""Seconds without a new mail after which the door has nothing to do."""
IDLE = 1.0
"""Seconds between looks for rows that another process left (the CLI, another node)."""


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


class Desk(Handling):
    """Takes up events and runs the journey on them."""

    def __init__(self, database: Database, journey: Sequence[tuple[str, Handler]], office: Office, attempts: int,
                 lease: timedelta, now: Callable[[], datetime], posted: Callable[[], None] = lambda: None,
                 customers: Customers | None = None, undo: timedelta = timedelta(seconds=10)) -> None:
        super().__init__(journey, office, now, customers)
        self.database, self.attempts, self.lease, self.undo, self.posted = database, attempts, lease, undo, posted
        self._awake = asyncio.Event()
        self._working = asyncio.Lock()
        self._stopping = False
        self._learnt_at: datetime | None = None

    # ---- the loop ----

    async def run(self) -> None:
        """Take up events until `stop`; one of the three edges where every exception is met."""
        while not self._stopping:
            self._awake.clear()
            began = monotonic()
            try:
                busy = await self.step()
            except Exception as error:
                log.error("the desk could not work", error=f"{type(error).__name__}: {str(error)[:300]}")
                await self._pause(AWAY)
                continue
            if busy:
                await self._give_way(monotonic() - began)
            else:
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

    async def _give_way(self, worked: float) -> None:
        """While mails come in, those who wait for 250 go before: rest until none comes, or as long as we worked."""
        until = monotonic() + worked
        while self._awake.is_set() and not self._stopping and monotonic() < until:
            self._awake.clear()
            await asyncio.sleep(QUIET)

    async def settle(self) -> None:
        """Work until nothing is left to do now."""
        while await self.step():
            pass

    async def step(self) -> bool:
        """Take up what waits: mails together, one event of each other kind; False when there was none."""
        async with self._working:
            kept, letter, wake = await self.database.read(self._waiting)
            return any([await self._take_mails(kept), await self._take_bounced(letter), await self._take_wake(wake)])

    def _waiting(self, db: Db) -> tuple[list[Kept], int | None, int | None]:
        """Mails kept, a letter that bounced, a wake whose time has come."""
        now = self.now()
        if self._learnt_at is None or now - self._learnt_at >= LEARN:
            self._learnt_at, self.earned = now, earned(db)
        return (events.next_kept(db, now, TOGETHER, TOGETHER_OCTETS), events.next_bounced(db),
                events.next_wake(db, now))

    async def _take_mails(self, found: Sequence[Kept]) -> bool:
        """Many at once while many wait: one commit for all. What fails together is tried alone."""
        if not found:
            return False
        mails = await asyncio.to_thread(lambda: [(kept, self._try_to_read(kept)) for kept in found])
        for kept, unread in mails:
            if isinstance(unread, Exception):  # one mail that cannot be read must not stand before all others
                await self._lay_back("mail", kept.id, unread, events.put_off_kept)
        readable = [(kept, mail) for kept, mail in mails if isinstance(mail, Mail)]
        if len(readable) > 1 and (done := await self._take_together(readable)) is not None:
            return done > 0
        alone = [await self._take_alone(kept, mail) for kept, mail in readable]
        return any(alone) or len(readable) < len(found)

    async def _take_alone(self, kept: Kept, mail: Mail) -> bool:
        return await self._transact("mail", kept.id, lambda db: self.handle_all(db, [(kept, mail)]) > 0,
                                    events.put_off_kept)

    async def _take_together(self, mails: Sequence[tuple[Kept, Mail]]) -> int | None:
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
        return id is not None and await self._transact("letter", id, lambda db: self.report(db, id),
                                                       events.put_off_bounced)

    async def _take_wake(self, id: int | None) -> bool:
        return id is not None and await self._transact("wake", id, lambda db: self.due(db, id), events.put_off_wake)

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
        reason, now = storable(told(error))[:REASON], self.now()
        outcome = await self.database.write(lambda db: failed(db, id, reason, now, self.attempts, FIRST_RETRY))
        log.warning("event laid back", outcome=outcome, **{kind: id})
        return True

    def _try_to_read(self, kept: Kept) -> Mail | Exception:
        try:
            return self.read(kept)
        except Exception as error:
            return error

    # ---- what would happen ----

    async def explain(self, raw: bytes, envelope: Envelope, verdict: Verdict, quarantined: bool,
                      now: datetime) -> Explanation:
        """Handle a mail as if it came now, and roll back."""
        envelope = replace(envelope, reverse_path=storable(envelope.reverse_path),
                           recipients=tuple(storable(envelope.recipients)))
        row = Received(kept_at=now, client_ip=envelope.client_ip, helo=envelope.helo, tls=envelope.tls,
                       reverse_path=envelope.reverse_path, size=len(raw), verdict=verdict.as_json(),
                       recipients=list(envelope.recipients), quarantined=quarantined, next_attempt=now)
        mail = await asyncio.to_thread(self.read, Kept(0, "", envelope, verdict.as_json(), quarantined, raw))

        def work(db: Db) -> None:
            self.earned = earned(db)
            db.add(row)
            db.flush()
            db.add(RawMail(received_id=row.id or 0, content=raw))
            raise _RolledBack(self.handle_alone(db, InHand(row.id or 0), mail, now))

        try:
            await self.database.write(work)
        except _RolledBack as done:
            return Explanation(mail, done.decisions)
        raise AssertionError("an explanation was kept")
