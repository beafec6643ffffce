"""The worker: takes letters out of the outbox, hands each over, and records what the next host said.

A letter is claimed before it is sent and settled after, each in a transaction of its own. Killed in between, the
lease ends and the letter is tried again; killed after the settling, it is never sent again. So nothing is lost, and
twice comes only what was in the gap between the next host's 250 and our own commit.
"""

import asyncio
import contextlib
import secrets
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from gateway.authentication.resolver import Resolver
from gateway.config import Delivery, Site
from gateway.delivery import sent
from gateway.delivery.outcome import Outcome, deferred, faulted, written
from gateway.delivery.retry import next_attempt
from gateway.delivery.route import SMTP_PORT
from gateway.models import Letter
from gateway.store import outbox
from gateway.store.database import Database

if TYPE_CHECKING:
    from gateway.authentication.signer import Signer

log = structlog.get_logger()

LEASE = timedelta(minutes=1)
"""How long a claim lasts; renewed while a letter is under way, so this is also the wait after a crash."""
LONGEST_SLEEP = 2.0
"""Seconds after which the outbox is looked at in any case: `frontdesk answer` and `retry` are other processes."""
PAUSE = 1.0
"""Seconds to wait when the database did not answer."""
LONGEST_TRY = 1800.0
"""Seconds: a host that drips its replies holds one of our connections no longer."""
GRACE = 20.0
"""Seconds that letters under way are given to arrive when the gateway stops."""


class Worker:
    """Sends what the outbox holds until it is stopped. Several may work on one PostgreSQL database.

    returned: called after a letter was recorded as bounced. port: where MX hosts listen.
    """

    def __init__(self, database: Database, settings: Delivery, site: Site, resolver: Resolver,
                 now: Callable[[], datetime], signer: "Signer | None", returned: Callable[[], None], *,
                 port: int = SMTP_PORT, lease: timedelta = LEASE) -> None:
        self._database, self._resolver, self._now, self._returned = database, resolver, now, returned
        self._port, self._lease = port, lease
        self._in_hand: dict[int, asyncio.Task[None]] = {}
        self.outcomes: Counter[str] = Counter()
        """Tries since the start: sent, deferred, bounced."""
        self._woken = asyncio.Event()
        self._is_stopping = False
        self._has_ended = asyncio.Event()
        self._has_ended.set()
        self.configure(settings, site, signer)

    def configure(self, settings: Delivery, site: Site, signer: "Signer | None") -> None:
        """Take new settings; they hold from the next letter on."""
        self._settings, self._site, self._signer = settings, site, signer

    @property
    def in_hand(self) -> int:
        """Letters under way at this moment."""
        return len(self._in_hand)

    def wake(self) -> None:
        """Something was put into the outbox."""
        self._woken.set()

    async def run(self) -> None:
        """Send until stop() is called. Letters that a dead worker had in hand are taken over as their leases end."""
        self._has_ended.clear()
        try:
            while not self._is_stopping:
                self._woken.clear()
                await self._sleep(await self._round())
        finally:
            await self._finish()
            self._has_ended.set()

    async def stop(self) -> None:
        """Claim nothing more, and let letters under way arrive for a while; the rest is tried again later."""
        self._is_stopping = True
        self.wake()
        await self._has_ended.wait()

    # ---- the loop ----

    async def _round(self) -> float:
        """Claim what is due and start it on its way; seconds until there may be more to do."""
        try:
            await self._renew()
            await self._take()
            return await self._until_next()
        except Exception as trouble:
            log.error("the outbox does not answer", error=_told(trouble), again_in=PAUSE)
            return PAUSE

    async def _renew(self) -> None:
        if self._in_hand:
            ids, until = list(self._in_hand), self._now() + self._lease
            await self._database.write(lambda db: outbox.renew(db, ids, until))

    async def _take(self) -> None:
        free = self._settings.connections - len(self._in_hand)
        if free <= 0:
            return
        for letter in await self._database.write(lambda db: outbox.claim(db, self._now(), self._lease, free)):
            self._start(letter, _id(letter))

    def _start(self, letter: Letter, id: int) -> None:
        task = self._in_hand[id] = asyncio.create_task(self._carry(letter))
        task.add_done_callback(lambda _: self._put_down(id))

    def _put_down(self, id: int) -> None:
        """One is done: its slot is free, and the next letter of its request may go."""
        del self._in_hand[id]
        self.wake()

    async def _until_next(self) -> float:
        longest = min(LONGEST_SLEEP, self._lease.total_seconds() / 3) if self._in_hand else LONGEST_SLEEP
        if len(self._in_hand) >= self._settings.connections:
            return longest
        due = await self._database.read(outbox.next_due)
        # What is due and was not given to us is just being claimed by another worker.
        return longest if due is None else min(max((due - self._now()).total_seconds(), 0.1), longest)

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()

    async def _finish(self) -> None:
        tasks = list(self._in_hand.values())
        if tasks:
            await asyncio.wait(tasks, timeout=GRACE if self._is_stopping else 0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ---- one letter ----

    async def _carry(self, letter: Letter) -> None:
        await self._settle(letter, await self._try(letter))

    async def _try(self, letter: Letter) -> Outcome:
        try:
            signature = self._signer.sign(letter.raw, self._now().timestamp()) if self._signer else b""
            message = signature + letter.raw
            if self._settings.smarthost or self._settings.direct:
                return await self._send(letter, message)
            path = await asyncio.to_thread(sent.keep, self._site.data / "sent", letter, message)
            return Outcome("sent", written(250, f"2.0.0 written to {path}"))
        except Exception as trouble:
            log.exception("letter could not be tried", letter=letter.id)
            return faulted(type(trouble).__name__)

    async def _send(self, letter: Letter, message: bytes) -> Outcome:
        from gateway.delivery import client  # aiosmtplib takes 2 MB: for who has a way out

        try:
            async with asyncio.timeout(LONGEST_TRY):
                return await client.send(message, letter.reverse_path, letter.recipient, settings=self._settings,
                                         hostname=self._site.hostname, resolver=self._resolver, port=self._port)
        except TimeoutError:
            return deferred("4.4.2", "the host took too long")

    async def _settle(self, letter: Letter, outcome: Outcome) -> None:
        now, again = self._now(), None
        if outcome.state == "deferred":
            again = next_attempt(letter.attempts, letter.created_at, now, self._settings, _chance(),
                                 is_ours=outcome.is_ours)
            if again is None:
                outcome = Outcome("bounced", f"{outcome.reply} (given up after {_hours(self._settings.give_up)})")
        await self._record(_id(letter), outcome, now, again)
        self.outcomes[outcome.state] += 1
        log.info(f"letter {outcome.state}", letter=letter.id, recipient=letter.recipient, attempts=letter.attempts,
                 reply=outcome.reply, **({"again": again.isoformat()} if again else {}))
        if outcome.state == "bounced":
            self._returned()

    async def _record(self, id: int, outcome: Outcome, now: datetime, again: datetime | None) -> None:
        """Until it is written: a 250 that is forgotten would be sent twice."""
        while True:
            try:
                await self._database.write(
                    lambda db: outbox.settle(db, id, outcome.state, outcome.reply, now, again))
                return
            except Exception as trouble:
                log.error("an outcome could not be recorded", letter=id, reply=outcome.reply, error=_told(trouble),
                          again_in=PAUSE)
                await asyncio.sleep(PAUSE)


def _id(letter: Letter) -> int:
    if letter.id is None:
        raise ValueError("a letter in the outbox has an id")
    return letter.id


def _told(trouble: Exception) -> str:
    """In one line: a database that is away for an hour must not fill the log."""
    return f"{type(trouble).__name__}: {str(trouble)[:300]}"


def _hours(span: timedelta) -> str:
    return f"{span / timedelta(hours=1):g} hours"


def _chance() -> float:
    return secrets.randbelow(1001) / 1000
