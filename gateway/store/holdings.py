"""What the store holds at the moment, as whoever watches over the gateway asks: counts and ages, all by small indexes.

Plain functions of a db session, run by Database.read or Database.write.
"""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import and_, case, func, select, text
from sqlalchemy.orm import Session as Db

from gateway.models import ALIVE, is_in
from gateway.store.outbox import LETTER, UNSETTLED
from gateway.store.requests import REQUEST
from gateway.store.spool import RECEIVED

_TOUCH = text("INSERT INTO counter (name, value) VALUES ('watch', 1) "
              "ON CONFLICT (name) DO UPDATE SET value = counter.value + 1")


@dataclass(frozen=True, slots=True)
class Holdings:
    """How much waits, and since when."""

    kept: int = 0
    """Mails that the desk is not done with."""
    shunted: int = 0
    """Mails that were laid aside for a person."""
    oldest_kept: datetime | None = None
    due_since: datetime | None = None
    """Since when the next mail could have been handled; in the future when all of them are tried again later."""
    letters: dict[str, int] = field(default_factory=dict)
    """Letters under way, by state."""
    oldest_letter: datetime | None = None
    requests: dict[tuple[str, str], int] = field(default_factory=dict)
    """Living requests by queue and state."""
    overdue: dict[str, int] = field(default_factory=dict)
    """Of them, by queue, those whose time has passed."""


def look(db: Db, now: datetime) -> Holdings:
    """Count. What ended long ago is never looked at."""
    is_kept = is_in(RECEIVED.state, ("kept",))
    kept, first, due = db.execute(select(func.count(), func.min(RECEIVED.id), func.min(RECEIVED.next_attempt))
                                  .where(is_kept)).one()
    oldest = db.scalar(select(RECEIVED.kept_at).where(RECEIVED.id == first)) if first is not None else None
    shunted = db.scalar(select(func.count()).where(is_in(RECEIVED.state, ("shunted",)))) or 0
    letters = db.execute(select(LETTER.state, func.count(), func.min(LETTER.created_at))
                         .where(is_in(LETTER.state, UNSETTLED)).group_by(LETTER.state)).all()
    late = case((and_(REQUEST.state.in_(("new", "open")), REQUEST.due < now), 1), else_=0)
    living = db.execute(select(REQUEST.queue, REQUEST.state, func.count(), func.sum(late))
                        .where(is_in(REQUEST.state, ALIVE)).group_by(REQUEST.queue, REQUEST.state)).all()
    overdue = dict.fromkeys((queue for queue, *_ in living), 0)
    for queue, _, _, count in living:
        overdue[queue] += count
    return Holdings(kept, shunted, oldest, due, {state: count for state, count, _ in letters},
                    min((since for *_, since in letters), default=None),
                    {(queue, state): count for queue, state, count, _ in living}, overdue)


def touch(db: Db) -> None:
    """Write something, to see whether it can be written."""
    db.execute(_TOUCH)
