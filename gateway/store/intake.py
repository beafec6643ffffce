"""Keep a mail before 250 is said (RFC 5321 section 6.1), one sync for all who wait at the same moment.

There is one writer. While it commits, further mails gather; what has gathered is its next transaction. So an idle door
commits at once, a busy one pays a sync per batch, and nobody ever waits for a timer. After `keep` has returned a power
cut loses nothing; when it raises nothing was kept.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Dialect, Insert, bindparam, func, insert, select, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session as Db

from gateway.mail.authres import UNCHECKED, Verdict
from gateway.mail.envelope import Envelope
from gateway.mail.large import LargeMail
from gateway.mail.receipt import SUBJECT, Receipt
from gateway.models import Letter, Moment, RawMail, Received
from gateway.store import seen
from gateway.store.database import Database, storable
from gateway.store.refusals import Refusals

log = structlog.get_logger()
T = TypeVar("T")
# Built once: making a statement costs more than running it. On the tables, so that the ORM keeps out of the hot path.
_received = Received.__table__  # type: ignore[attr-defined]
_INSERT_RECEIVED = insert(_received)
_INSERT_RAW_MAIL = insert(RawMail.__table__)  # type: ignore[attr-defined]
_MOMENT = Moment()
_KNOWN = select(_received.c.digest, _received.c.id).where(_received.c.digest.in_(bindparam("digests", expanding=True)))
_LAST_ID = select(func.max(_received.c.id))
_NEXT_IDS = text("SELECT nextval(pg_get_serial_sequence('received', 'id')) FROM generate_series(1, :count)")

BATCH = 100
"""Mails in one transaction, so that the last of a crowd does not wait for all of it."""
BATCH_OCTETS = 16_000_000


class StoreAway(Exception):
    """The mail could not be kept and was not: 451 4.3.0, and the sender's own queue is our buffer."""


class StoreBehind(StoreAway):
    """More mail waits for the disk than may: 451 4.3.1. A slow disk makes us slower, it does not fill our memory."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail at the end of DATA, with all that was found out about it."""

    envelope: Envelope
    content: bytes
    """As it is stored, our trace fields in front; of a large mail the header."""
    digest: str | None
    verdict: Verdict
    quarantined: bool
    kept_at: datetime
    size: int
    """Octets of the message as it was sent, without our trace fields."""
    receipt: Receipt | None = None
    """What the sender is told of it, for the outbox."""
    large: LargeMail | None = None
    """Where the body is when it was too large for memory."""

    @property
    def octets(self) -> int:
        """What its row will hold."""
        return len(self.content) + (self.large.size if self.large else 0)

    def whole(self) -> bytes | bytearray:
        return self.large.behind(self.content) if self.large else self.content


def digest(message_id: str, recipients: Iterable[str], content: bytes | LargeMail) -> str | None:
    """What makes two mails the same one, sent again after a lost 250. None without a Message-ID."""
    if not message_id:
        return None
    whole = content.hash if isinstance(content, LargeMail) else hashlib.sha256(content)
    for part in (message_id, *sorted(recipient.lower() for recipient in recipients)):
        whole.update(b"\0" + part.encode("utf-8", "replace"))
    return whole.hexdigest()


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
            away = StoreAway("the store is away")
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
        self._waiting: list[_Waiter] = []
        self._writer: asyncio.Task[None] | None = None

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
            return await self._keep(arrival)
        finally:
            self._octets -= size

    async def _keep(self, arrival: Arrival) -> int:
        waiter = _Waiter(arrival, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all(), name="intake")
        return await waiter.kept

    async def times_seen(self, signatures: Sequence[str], digest: str | None, now: datetime) -> int:
        """How often mails with one of these signatures were kept within a week. Raises StoreAway.

        digest: the mail's own; for one that is kept already, and comes again after a lost 250, the answer is 0.
        """

        def ask(db: Db) -> int:
            is_kept = digest is not None and bool(_known(db.connection(), {digest}))
            return 0 if is_kept else seen.times(db, signatures, now)

        return await self._asked(self._database.read(ask))

    async def deferred_since(self, domain: str, client_net: str, now: datetime) -> datetime:
        """When this sender was first told to come again: now, unless it was before. Raises StoreAway."""
        return await self._asked(self._database.write(lambda db: seen.deferred_since(db, domain, client_net, now)))

    async def _asked(self, question: Awaitable[T]) -> T:
        try:
            return await question
        except Exception as error:  # whatever it is, the mail has not been kept and may come again
            self.missed(error)
            raise StoreAway("the store is away") from error

    def missed(self, error: Exception) -> None:
        """The store is away: the operator hears of it once, not with each mail."""
        told = f"{type(error).__name__}: {str(error)[:300]}"
        if not self.trouble:
            log.error("store away: mails are told 451 until it is back", error=told)
        self.trouble = told

    def found(self) -> None:
        """The store is there."""
        if self.trouble:
            log.info("store is back")
        self.trouble = ""

    async def close(self) -> None:
        """Return when nothing is being written any more."""
        if self._writer:
            await asyncio.wait([self._writer])
        await self.refusals.close()

    async def _write_all(self) -> None:
        while batch := self._next_batch():
            await self._write(batch)

    def _next_batch(self) -> list[_Waiter]:
        self._waiting = [waiter for waiter in self._waiting if not waiter.kept.cancelled()]
        count = octets = 0
        for waiter in self._waiting[:BATCH]:
            octets += waiter.arrival.octets
            if count and octets > BATCH_OCTETS:
                break
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch

    async def _write(self, batch: list[_Waiter]) -> None:
        arrivals = [waiter.arrival for waiter in batch]
        try:
            ids = await self._database.write(lambda db: insert_all(db, arrivals))
        except Exception as error:  # the edge of the writer: whatever it is, nobody may wait for ever
            await self._write_apart(batch, error)
            return
        for waiter, id in zip(batch, ids, strict=True):
            waiter.settle(id)
        self.found()
        self._kept()

    async def _write_apart(self, batch: list[_Waiter], error: Exception) -> None:
        """A batch failed. When it was a mail's fault the others are kept without it."""
        if len(batch) > 1 and not _is_away(error):
            for waiter in batch:
                await self._write([waiter])
            return
        for waiter in batch:
            waiter.fail(error)
        self.missed(error)


def _is_away(error: Exception) -> bool:
    """The database's fault rather than a mail's: gone, full, locked, read-only."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, OperationalError | InterfaceError | OSError | TimeoutError)


def insert_all(db: Db, arrivals: Sequence[Arrival]) -> list[int]:
    """Insert what is not there yet; the id of each, of a mail that came before the id it had then."""
    connection = db.connection()
    known = _known(connection, {arrival.digest for arrival in arrivals if arrival.digest})
    new: dict[str | int, Arrival] = {}
    keys: list[str | int] = []
    for place, arrival in enumerate(arrivals):
        keys.append(arrival.digest or place)
        if arrival.digest not in known:
            new.setdefault(keys[-1], arrival)
    ids = dict[str | int, int](zip(new, _free_ids(connection, len(new)), strict=True))
    if new:
        rows = [_row(ids[key], arrival, connection.dialect) for key, arrival in new.items()]
        _insert(connection, _INSERT_RECEIVED, rows)
        _insert(connection, _INSERT_RAW_MAIL, [{"received_id": ids[key], "content": arrival.whole()}
                                               for key, arrival in new.items()])  # fmt: skip
        _sight(db, new.values())
        db.add_all(_letter(arrival.receipt, arrival.kept_at) for arrival in new.values() if arrival.receipt)
    return [known.get(str(key)) or ids[key] for key in keys]


def _letter(receipt: Receipt, now: datetime) -> Letter:
    """From the null path (RFC 3461 section 6.1). Not automatic: it leaves a customer's acknowledgements uncounted."""
    return Letter(template="receipt", created_at=now, next_attempt=now, recipient=receipt.recipient, raw=receipt.raw,
                  subject=SUBJECT, message_id=receipt.message_id, is_automatic=False)  # fmt: skip


def _sight(db: Db, arrivals: Iterable[Arrival]) -> None:
    found = [(signature, each.kept_at) for each in arrivals for signature in each.verdict.signatures]
    if found:
        seen.sight(db, [signature for signature, _ in found], max(kept_at for _, kept_at in found))


def _known(connection: Connection, digests: set[str]) -> dict[str, int]:
    if not digests:
        return {}
    return {row.digest: row.id for row in connection.execute(_KNOWN, {"digests": list(digests)})}


def _free_ids(connection: Connection, count: int) -> Iterable[int]:
    """Ids for new rows. On SQLite we hold the only write lock, so the next ones are ours."""
    if not count:
        return []
    if connection.dialect.name == "postgresql":
        return list(connection.scalars(_NEXT_IDS, {"count": count}))
    last: int = connection.scalar(_LAST_ID) or 0
    return range(last + 1, last + 1 + count)


def _insert(connection: Connection, statement: Insert, rows: list[dict[str, Any]]) -> None:
    """Values go to the driver as they are: what SQLAlchemy does for each would cost more than the database's work."""
    words, columns = _compiled(statement, tuple(rows[0]), connection.dialect)
    connection.exec_driver_sql(words, [tuple([row[column] for column in columns]) for row in rows])


@lru_cache(8)
def _compiled(statement: Insert, columns: tuple[str, ...], dialect: Dialect) -> tuple[str, list[str]]:
    """The statement as the driver takes it, with the order of its values."""
    compiled = statement.compile(dialect=dialect, column_keys=columns)
    return str(compiled), compiled.positiontup or []


def _row(id: int, arrival: Arrival, dialect: Dialect) -> dict[str, Any]:
    """As the driver takes it: moments and JSON in the form of their columns."""
    envelope, kept_at = arrival.envelope, _MOMENT.process_bind_param(arrival.kept_at, dialect)
    return {
        "id": id,
        "kept_at": kept_at,
        "digest": arrival.digest,
        "client_ip": envelope.client_ip,
        "helo": storable(envelope.helo),
        "tls": envelope.tls,
        "protocol": envelope.protocol,
        "reverse_path": storable(envelope.reverse_path),
        "recipients": json.dumps([storable(recipient) for recipient in envelope.recipients]),
        "size": arrival.size,
        "verdict": _verdict_json(arrival.verdict),
        "quarantined": arrival.quarantined,
        "state": "kept",
        "attempts": 0,
        "next_attempt": kept_at,
        "reason": "",
    }


@cache
def _unchecked() -> str:
    return json.dumps(UNCHECKED.as_json())


def _verdict_json(verdict: Verdict) -> str:
    return _unchecked() if verdict is UNCHECKED else json.dumps(storable(verdict.as_json()))
