"""What the other rooms left for the desk: mails kept, letters bounced, wakes whose time has come.

`next_...` finds what no other desk has in hand, so that a mail can be parsed outside a transaction; `take_...` locks
the row inside the transaction that handles it, and answers None when another desk was faster. `put_off_...` is for
an event whose handling failed: later, and after enough tries never again; it answers what became of it.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from gateway.models import Letter, RawMail, Received, Wake, columns, is_in

RECEIVED, RAW, LETTER, WAKE = columns(Received), columns(RawMail), columns(Letter), columns(Wake)


def next_kept(db: Db, now: datetime) -> tuple[Received, bytes] | None:
    """The mail that waits longest, with its octets."""
    query = (select(Received, RAW.content).join(RawMail, RAW.received_id == RECEIVED.id)
             .where(is_in(RECEIVED.state, ("kept",)), RECEIVED.next_attempt <= now)
             .order_by(RECEIVED.next_attempt, RECEIVED.id).limit(1).with_for_update(skip_locked=True, of=RECEIVED))
    found = db.execute(query).one_or_none()
    return (found[0], found[1]) if found else None


def take_kept(db: Db, received_id: int) -> Received | None:
    """Lock it."""
    query = select(Received).where(RECEIVED.id == received_id, RECEIVED.state == "kept")
    return db.scalars(query.with_for_update(skip_locked=True)).one_or_none()


def put_off_kept(db: Db, id: int, reason: str, now: datetime, attempts: int, first: timedelta) -> str:
    row = db.get_one(Received, id)
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
    query = select(WAKE.id).where(WAKE.done_at.is_(None), WAKE.at <= now)
    return db.scalars(query.order_by(WAKE.at, WAKE.id).limit(1).with_for_update(skip_locked=True)).one_or_none()


def take_wake(db: Db, id: int, now: datetime) -> Wake | None:
    """Lock it."""
    query = select(Wake).where(WAKE.id == id, WAKE.done_at.is_(None), WAKE.at <= now)
    return db.scalars(query.with_for_update(skip_locked=True)).one_or_none()


def put_off_wake(db: Db, id: int, _reason: str, now: datetime, attempts: int, first: timedelta) -> str:
    wake = db.get_one(Wake, id)
    wake.attempts += 1
    wake.at = now + first * 2 ** (wake.attempts - 1)
    wake.done_at = now if wake.attempts >= attempts else None
    return "given up" if wake.done_at else "tried again later"
