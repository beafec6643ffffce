"""The spool: mails that were kept and are not handled yet, and those that were shunted for a person to look at.

Plain functions of a db session, run by Database.read or Database.write.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.orm import Session as Db

from gateway.models import Received, columns

RECEIVED = columns(Received)
OPEN_STATES = ("kept", "shunted")


def waiting(db: Db, limit: int) -> Sequence[Received]:
    """Mails that the desk is not done with, oldest first: kept ones wait or are tried again, shunted were given up."""
    query = select(Received).where(RECEIVED.state.in_(OPEN_STATES)).order_by(RECEIVED.id).limit(limit)
    return db.scalars(query).all()


def counts(db: Db) -> dict[str, int]:
    """How many mails are in each state that somebody may have to care for."""
    query = select(RECEIVED.state, func.count()).where(RECEIVED.state.in_(OPEN_STATES)).group_by(RECEIVED.state)
    counted: dict[str, int] = {row[0]: row[1] for row in db.execute(query)}
    return dict.fromkeys(OPEN_STATES, 0) | counted


def retry(db: Db, ids: Collection[int] | None, now: datetime) -> int:
    """Hand mails to the desk again at once, with all their tries before them; None means every one. How many."""
    query = update(Received).where(RECEIVED.state.in_(OPEN_STATES))
    if ids is not None:
        query = query.where(RECEIVED.id.in_(ids))
    result = db.execute(query.values(state="kept", attempts=0, next_attempt=now))
    return result.rowcount if isinstance(result, CursorResult) else 0
