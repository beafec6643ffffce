"""Keep a mail before 250 is said (RFC 5321 section 6.1), one sync for all who wait at the same moment.

While one transaction is committed further mails gather, and where it ends the next one takes all that have gathered. So
an idle door commits at once, a busy one pays a sync per batch, and nobody ever waits for a timer. After `keep` has
returned a power cut loses nothing; when it raises nothing was kept.
"""

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

import structlog
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.orm import Session as Db

from gateway.store import raw, seen
from gateway.store.arrival import Arrival
from gateway.store.batch import insert_all, is_kept
from gateway.store.database import Database, is_full
from gateway.store.refusals import Refusals

log = structlog.get_logger()
T = TypeVar("T")

BATCH = 100
"""Mails in one transaction, so that the last of a crowd does not wait for all of it."""
BATCH_OCTETS = 16_000_000
AT_ONCE = 2
"""Transactions: the second begins where the first ends, and the disk does not wait for the loop to hear of that."""


class StoreAway(Exception):
    """The mail could not be kept and was not: 451 4.3.0, and the sender's own queue is our buffer."""


class StoreFull(StoreAway):
    """The disk has no room for the mail: 452 4.3.1."""


class StoreBehind(StoreAway):
    """More mail waits for the disk than may: 451 4.3.1. A slow disk makes us slower, it does not fill our memory."""


class _Waiter:
    """One mail and whoever waits for its id."""

    __slots__ = ("arrival", "kept")

    def __init__(self, arrival: Arrival, kept: "asyncio.Future[int]") -> None:
        self.arrival, self.kept = arrival, kept

    def settle(self, id: int) -> None:
        if not self.kept.done():
            self.kept.set_result(id)

    def fail(self, error: BaseException) -> None:
        if not self.kept.done():
            away = _away(error)
            away.__cause__ = error
            self.kept.set_exception(away)


def _nobody() -> None:
    """Nobody waits for mails."""


class Intake:
    """Where the door leaves mails. `kept` is called after each commit, to wake the desk."""

    def __init__(
        self, database: Database, kept: Callable[[], None] = _nobody, *, backlog: int = 64_000_000
    ) -> None:
        """backlog: octets of mails that may wait for the disk."""
        self.backlog = backlog
        self.is_full = False
        """The disk has hardly any room: the door lets no mail begin."""
        self.trouble = ""
        """Why the store could not be used the last time; "" once it could."""
        self._octets = 0
        self._database, self._kept = database, kept
        self.refusals = Refusals(database)
        """What was not kept, for whoever asks where it is."""
        self._waiting: deque[_Waiter] = deque()
        self._writers: set[asyncio.Task[None]] = set()
        self._is_due = False
        """A transaction is about to begin: who comes before that goes with it."""
        self._taking = threading.Lock()
        self._is_littered = True
        """The last batch may have left files: it was not committed, or the process before us ended in its midst."""

    @property
    def octets(self) -> int:
        """Of the mails that wait for the disk."""
        return self._octets

    async def keep(self, arrival: Arrival) -> int:
        """Id of the Received row, once the mail is on disk. Raises StoreAway, or StoreBehind: nothing was kept.

        One who stops waiting takes nothing from the others, and his mail may have been kept.
        """
        size = len(arrival.content)
        if self._octets and self._octets + size > self.backlog:
            log.warning("store behind", waiting=self._octets, backlog=self.backlog)
            raise StoreBehind("too much waits for the disk")
        self._octets += size
        try:
            if arrival.large:  # the writer would have to wait for it, and all others for the writer
                await self._asked(asyncio.to_thread(arrival.large.sync))
            return await self._keep(arrival)
        finally:
            self._octets -= size

    async def _keep(self, arrival: Arrival) -> int:
        waiter = _Waiter(arrival, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        self._write_soon()
        return await waiter.kept

    async def times_seen(self, signatures: Sequence[str], digest: str | None, now: datetime) -> int:
        """How often mails with one of these signatures were kept within a week. Raises StoreAway.

        digest: the mail's own; for one that is kept already, and comes again after a lost 250, the answer is 0.
        """

        def ask(db: Db) -> int:
            came_before = digest is not None and is_kept(db, digest)
            return 0 if came_before else seen.times(db, signatures, now)

        return await self._asked(self._database.read(ask))

    async def deferred_since(self, domain: str, client_net: str, now: datetime) -> datetime:
        """When this sender was first told to come again: now, unless it was before. Raises StoreAway."""
        return await self._asked(self._database.write(lambda db: seen.deferred_since(db, domain, client_net, now)))

    async def _asked(self, question: Awaitable[T]) -> T:
        try:
            return await question
        except Exception as error:  # whatever it is, the mail has not been kept and may come again
            self.missed(error)
            raise _away(error) from error

    def missed(self, error: Exception) -> None:
        """The store is away: the operator hears of it once, not with each mail."""
        told = f"{type(error).__name__}: {str(error)[:300]}"
        if not self.trouble:
            log.error("store away: mails are put off until it is back", error=told)
        self.trouble = told

    def found(self) -> None:
        """The store is there."""
        if self.trouble:
            log.info("store is back")
        self.trouble = ""

    async def close(self) -> None:
        """Return when nothing is being written any more."""
        while self._writers:
            await asyncio.wait(self._writers)
        await self.refusals.close()

    def _write_soon(self) -> None:
        if self._waiting and not self._is_due and len(self._writers) < AT_ONCE:
            self._is_due = True
            writer = asyncio.create_task(self._write([]), name="intake")
            self._writers.add(writer)
            writer.add_done_callback(self._go_on)

    def _go_on(self, writer: "asyncio.Task[None]") -> None:
        self._writers.discard(writer)
        self._write_soon()

    def _take(self) -> list[_Waiter]:
        """The next batch, out of those who wait. In the writer's thread: the loop may add others meanwhile."""
        batch: list[_Waiter] = []
        octets = 0
        with self._taking:
            self._is_due = False
            while self._waiting and len(batch) < BATCH:
                octets += self._waiting[0].arrival.octets
                if batch and octets > BATCH_OCTETS:
                    break
                waiter = self._waiting.popleft()
                if not waiter.kept.cancelled():
                    batch.append(waiter)
        return batch

    async def _write(self, batch: list[_Waiter], *, is_again: bool = False) -> None:
        """Keep these mails; of an empty batch those who wait when the transaction begins."""

        def work(db: Db) -> list[int]:
            batch[:] = batch or self._take()  # it may be run again
            return self._insert(db, [waiter.arrival for waiter in batch])

        try:
            ids = await self._database.write(work)
        except Exception as error:  # the edge of the writer: whatever it is, nobody may wait for ever
            if isinstance(error, IntegrityError) and not is_again:
                # Another gateway has just kept one of these mails; now it is known, and is not kept twice.
                await self._write(batch, is_again=True)
            else:
                await self._write_apart(batch or self._take(), error)
            return
        for waiter, id in zip(batch, ids, strict=True):
            waiter.settle(id)
        self.found()
        self._kept()

    def _insert(self, db: Db, arrivals: Sequence[Arrival]) -> list[int]:
        if self._is_littered:
            raw.sweep(db, BATCH)
        self._is_littered = any(arrival.large for arrival in arrivals)
        return insert_all(db, arrivals)

    async def _write_apart(self, batch: list[_Waiter], error: Exception) -> None:
        """A batch failed. When it was a mail's fault the others are kept without it."""
        if len(batch) > 1 and not _is_away(error):
            for waiter in batch:
                await self._write([waiter])
            return
        for waiter in batch:
            waiter.fail(error)
        self.missed(error)


def _away(error: BaseException) -> StoreAway:
    return StoreFull("the disk is full") if is_full(error) else StoreAway("the store is away")


def _is_away(error: Exception) -> bool:
    """The database's fault rather than a mail's: gone, full, locked, read-only."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, OperationalError | InterfaceError | sqlite3.OperationalError | OSError | TimeoutError)
