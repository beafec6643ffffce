"""The outbox: letters of ours, from the desk's commit to the next host's word (RFC 5321 section 4.5.4.1).

The desk inserts a Letter in the same commit as the decision behind it. A worker claims what is due for the time of a
lease and settles each letter with what the next host said; when a worker dies, the lease ends and another takes over.
Letters of one request go out in the order they were written: a later one waits until the earlier ones are settled.
Plain functions of a db session, run by Database.read or Database.write (claims by write only).
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, case, func, or_, select, update
from sqlalchemy.orm import Session as Db
from sqlalchemy.orm import aliased, defer
from sqlalchemy.orm.attributes import set_committed_value

from gateway.models import LETTER_STATES, Letter, Moment, columns, is_in

LETTER = columns(Letter)
EARLIER = aliased(LETTER)
UNSETTLED = ("waiting", "deferred")


def _unblocked(query: Select[Any]) -> Select[Any]:
    """Unsettled letters that no earlier unsettled letter of the same request stands before."""
    earlier = select(EARLIER.id).where(
        EARLIER.request_id == LETTER.request_id, EARLIER.id < LETTER.id, is_in(EARLIER.state, UNSETTLED))
    return query.where(is_in(LETTER.state, UNSETTLED), ~earlier.exists())


# Built once: making a statement costs several times as much as running it.
_letter = Letter.__table__  # type: ignore[attr-defined]
_IDS: Any = bindparam("ids", expanding=True)
_DUE = (_unblocked(select(Letter))
        .where(LETTER.next_attempt <= bindparam("now"),
               or_(LETTER.claimed_until.is_(None), LETTER.claimed_until <= bindparam("now")))
        .order_by(LETTER.next_attempt, LETTER.id).limit(bindparam("most"))
        .with_for_update(of=LETTER, skip_locked=True))
_TAKE = update(_letter).where(_letter.c.id.in_(_IDS)).values(
    attempts=_letter.c.attempts + 1, claimed_until=bindparam("until"))
_RENEW = update(_letter).where(
    _letter.c.id.in_(_IDS), is_in(_letter.c.state, UNSETTLED), _letter.c.claimed_until.is_not(None)).values(
    claimed_until=bindparam("until"))
_SETTLE = update(_letter).where(_letter.c.id == bindparam("of"), is_in(_letter.c.state, UNSETTLED)).values(
    state=bindparam("state"), reply=bindparam("reply"), claimed_until=None, settled_at=bindparam("settled_at"),
    next_attempt=func.coalesce(bindparam("again", type_=Moment), _letter.c.next_attempt))
_FREE_AT = case((LETTER.claimed_until > LETTER.next_attempt, LETTER.claimed_until), else_=LETTER.next_attempt)
_NEXT_DUE = _unblocked(select(func.min(_FREE_AT)))


def claim(db: Db, now: datetime, lease: timedelta, limit: int) -> Sequence[Letter]:
    """Take letters that are due in hand for the time of the lease; each counts as a try. Longest due first."""
    letters, until = db.scalars(_DUE, {"now": now, "most": limit}).all(), now + lease
    if letters:
        db.connection().execute(_TAKE, {"ids": [letter.id for letter in letters], "until": until})
    for letter in letters:  # written above, in one statement for all
        set_committed_value(letter, "attempts", letter.attempts + 1)
        set_committed_value(letter, "claimed_until", until)
    return letters


def renew(db: Db, ids: Collection[int], until: datetime) -> int:
    """Lengthen the lease of letters that are still under way. How many are."""
    return db.connection().execute(_RENEW, {"ids": list(ids), "until": until}).rowcount


def settle(db: Db, letter_id: int, state: str, reply: str, now: datetime, next_attempt: datetime | None = None) -> bool:
    """Record what became of a try: sent, bounced, or deferred until `next_attempt`.

    False when the letter was settled already: a worker that outlived its lease cannot undo what another recorded.
    """
    is_over = state != "deferred"
    values = {"of": letter_id, "state": state, "reply": reply, "settled_at": now if is_over else None,
              "again": None if is_over else next_attempt or now}
    return db.connection().execute(_SETTLE, values).rowcount == 1


def next_due(db: Db) -> datetime | None:
    """When there will be something to claim, if nothing new comes: a moment in the past means at once."""
    moment: datetime | None = db.connection().scalar(_NEXT_DUE)
    return moment


def bounced(db: Db, limit: int) -> Sequence[Letter]:
    """Letters that did not arrive and that the desk has not taken up yet, oldest first."""
    query = select(Letter).where(is_in(LETTER.state, ("bounced",)), ~LETTER.is_reported)
    return db.scalars(query.order_by(LETTER.id).limit(limit)).all()


def listing(db: Db, state: str | None = None, *, limit: int = 100, after: int = 0) -> Sequence[Letter]:
    """A page of letters without their octets, oldest first, beginning behind the id `after`; None means any state."""
    query = select(Letter).options(defer(LETTER.raw)).where(LETTER.id > after)
    if state is not None:
        query = query.where(LETTER.state == state)
    return db.scalars(query.order_by(LETTER.id).limit(limit)).all()


def retry(db: Db, letter_id: int | None, now: datetime) -> int:
    """Make a letter due at once, also one that bounced; None means every deferred one. How many became due."""
    query = update(_letter).where(_letter.c.state == "deferred")
    if letter_id is not None:
        query = update(_letter).where(_letter.c.id == letter_id, _letter.c.state.in_(("deferred", "bounced")))
    query = query.values(state="deferred", next_attempt=now, settled_at=None, is_reported=False)
    return db.connection().execute(query).rowcount


def counts(db: Db) -> dict[str, int]:
    """How many letters are in each state."""
    counted = {row[0]: row[1] for row in db.execute(select(LETTER.state, func.count()).group_by(LETTER.state))}
    return dict.fromkeys(LETTER_STATES, 0) | counted
