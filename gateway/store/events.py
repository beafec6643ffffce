"""What the other rooms left for the desk: mails kept, letters bounced, wakes whose time has come.

`next_...` finds what no other desk has in hand, so that a mail can be parsed outside a transaction; `take_...` locks
the row inside the transaction that handles it, and answers None when another desk was faster. `put_off_...` is for
an event whose handling failed: later, and after enough tries never again; it answers what became of it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session as Db

from gateway.mail.envelope import Envelope
from gateway.models import Letter, RawMail, Received, Wake, columns, is_in
from gateway.store import raw

RECEIVED, RAW, LETTER, WAKE = columns(Received), columns(RawMail), columns(Letter), columns(Wake)

# Built once: making a statement costs more than running it.
_received = Received.__table__  # type: ignore[attr-defined]
_IDS: Any = bindparam("ids", expanding=True)
_WAITING = (select(RECEIVED.id, RECEIVED.size)
            .where(is_in(RECEIVED.state, ("kept",)), RECEIVED.next_attempt <= bindparam("now"))
            .order_by(RECEIVED.next_attempt, RECEIVED.id).limit(bindparam("most")).with_for_update(skip_locked=True))
_KEPT = (select(RECEIVED.id, RECEIVED.reason, RECEIVED.reverse_path, RECEIVED.recipients, RECEIVED.client_ip,
                RECEIVED.helo, RECEIVED.tls, RECEIVED.protocol, RECEIVED.verdict, RECEIVED.quarantined, RAW.content,
                RAW.body_at)
         .join(RawMail, RAW.received_id == RECEIVED.id)
         .where(RECEIVED.id.in_(_IDS)).order_by(RECEIVED.next_attempt, RECEIVED.id))
_MANY = select(func.pg_try_advisory_xact_lock(20_761_004))
_TAKE = (select(_received.c.id).where(_received.c.id.in_(_IDS), _received.c.state == "kept")
         .with_for_update(skip_locked=True))
_NEXT_WAKE = (select(WAKE.id).where(WAKE.done_at.is_(None), WAKE.at <= bindparam("now"))
              .order_by(WAKE.at, WAKE.id).limit(1).with_for_update(skip_locked=True))
_NEXT_BOUNCED = (select(LETTER.id).where(is_in(LETTER.state, ("bounced",)), ~LETTER.is_reported)
                 .order_by(LETTER.id).limit(1))
_SETTLE = update(_received).where(_received.c.id == bindparam("of")).values(
    state=bindparam("state"), reason=bindparam("reason"), request_id=bindparam("request_id"),
    handled_at=bindparam("handled_at"))


DONE = "another desk has done it"
"""What became of an event that failed here while it was handled there."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A mail that waits for the desk."""

    id: int
    reason: str
    """What failed at an earlier try."""
    envelope: Envelope
    verdict: dict[str, Any]
    quarantined: bool
    content: bytes
    fault: OSError | None = None
    """Why the octets cannot be read."""


@dataclass(slots=True)
class InHand:
    """A mail while it is handled, and what becomes of its row."""

    id: int
    reason: str = ""
    """Why it was dropped, or what failed at an earlier try."""
    state: str = "handled"
    request_id: int | None = None


def next_kept(db: Db, now: datetime, most: int, octets: int) -> list[Kept]:
    """The mails that wait longest, with their octets: at most so many, and after the first at most so large in all."""
    waiting = [(id, size) for id, size in db.connection().execute(_WAITING, {"now": now, "most": most})]
    sizes = accumulate(size for _, size in waiting)
    ids = [id for place, ((id, _), size) in enumerate(zip(waiting, sizes, strict=True)) if not place or size <= octets]
    return [_kept(db, row) for row in db.connection().execute(_KEPT, {"ids": ids})] if ids else []


def _kept(db: Db, row: Any) -> Kept:
    envelope = Envelope(row.reverse_path, tuple(row.recipients), row.client_ip, row.helo, row.tls, row.protocol)
    content, fault = row.content, None
    try:
        content = raw.whole(db, row.id, content, row.body_at)
    except OSError as error:  # one file that cannot be read must not stand before all others
        fault = error
    return Kept(row.id, row.reason, envelope, row.verdict, row.quarantined, content, fault)


def may_take_many(db: Db) -> bool:
    """Of several desks only one handles many mails in one transaction: two might wait for each other for ever."""
    connection = db.connection()
    return connection.dialect.name != "postgresql" or bool(connection.scalar(_MANY))


def take_kept(db: Db, ids: Collection[int]) -> set[int]:
    """Lock those of them that wait still."""
    return set(db.connection().scalars(_TAKE, {"ids": list(ids)}))


def settle_kept(db: Db, mails: Iterable[InHand], now: datetime) -> None:
    """What became of mails that were taken."""
    rows = [{"of": each.id, "state": each.state, "reason": each.reason, "request_id": each.request_id,
             "handled_at": now} for each in mails]
    if rows:
        db.connection().execute(_SETTLE, rows)


def put_off_kept(db: Db, id: int, reason: str, now: datetime, attempts: int, first: timedelta) -> str:
    row = db.get_one(Received, id, with_for_update=True)
    if row.state != "kept":
        return DONE
    row.attempts += 1
    row.reason = reason
    row.next_attempt = now + first * 2 ** (row.attempts - 1)
    row.state = "shunted" if row.attempts >= attempts else "kept"
    return row.state


def take_bounced(db: Db, id: int) -> Letter | None:
    """Lock it."""
    query = select(Letter).where(LETTER.id == id, LETTER.is_reported.is_(False))
    return db.scalars(query.with_for_update(skip_locked=True)).one_or_none()


def put_off_bounced(db: Db, id: int, _reason: str, _now: datetime, _attempts: int, _first: timedelta) -> str:
    db.get_one(Letter, id).is_reported = True
    return "given up: the bounce stays visible in the outbox only"


def next_wake(db: Db, now: datetime) -> int | None:
    """The wake that is longest overdue."""
    return db.scalars(_NEXT_WAKE, {"now": now}).one_or_none()


def next_bounced(db: Db) -> int | None:
    """The letter that did not arrive and that no desk has taken up yet, the oldest one."""
    return db.scalars(_NEXT_BOUNCED).one_or_none()


def take_wake(db: Db, id: int, now: datetime) -> Wake | None:
    """Lock it."""
    query = select(Wake).where(WAKE.id == id, WAKE.done_at.is_(None), WAKE.at <= now)
    return db.scalars(query.with_for_update(skip_locked=True)).one_or_none()


def put_off_wake(db: Db, id: int, _reason: str, now: datetime, attempts: int, first: timedelta) -> str:
    wake = db.get_one(Wake, id, with_for_update=True)
    if wake.done_at is not None:
        return DONE
    wake.attempts += 1
    wake.at = now + first * 2 ** (wake.attempts - 1)
    wake.done_at = now if wake.attempts >= attempts else None
    return "given up" if wake.done_at else "tried again later"
