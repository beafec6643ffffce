"""Who gets the next request: two agents never get the same one, however many ask at once.

SQLite has one writer; on PostgreSQL whoever asks takes the first row that nobody else has locked at that moment.
"""

# ruff: noqa: S608 - the SQL is made of words of this file, values are bound

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session as Db

from gateway.models import Request
from gateway.store import queue as lists
from gateway.store.statement import each_queue, named, places, rows

_WAITS = "state IN ('new', 'open') AND NOT is_held"
_CAME_BACK = (f"owner = :agent AND owner <> '' AND state IN ('new', 'open', 'pending', 'answered') AND {_WAITS} "
              "AND (lease_until IS NULL OR lease_until < :now)")
_IS_FREE = f"{_WAITS} AND (owner = '' OR lease_until < :now OR (lease_until IS NULL AND due < :now))"
_FIRST = f"ORDER BY {lists.URGENCY} LIMIT 1"


def claim_next(db: Db, queue: str | None, agent: str, now: datetime, lease: timedelta,
               queues: Collection[str] | None = None) -> Request | None:
    """The most urgent request that waits for an agent, now theirs for `lease`. queues: those they may see.

    First what came back to them; then what nobody has, what an agent let lie beyond the lease, and what came back to
    another agent and is overdue.
    """
    names = [name for name in lists.waiting(db, queues) if queue in (None, name)]
    values = {"agent": agent, "now": now, **named(names)}
    id = _first(db, values, len(names)) if names else None
    request = db.get(Request, id) if id else None
    if request is not None:
        take(request, agent, now, lease)
    return request


def take(request: Request, agent: str, now: datetime, lease: timedelta) -> None:
    """It is theirs for so long; since when, if it was not before."""
    if request.owner != agent or request.claimed_at is None:
        request.claimed_at = now
    request.owner, request.lease_until = agent, now + lease


def let_go(request: Request) -> None:
    """It is nobody's."""
    request.owner, request.lease_until, request.claimed_at = "", None, None


def _first(db: Db, values: dict[str, Any], queues: int) -> int | None:
    """What came back; else of the queue whose first request is the most urgent one, and when others are faster there
    of the next."""
    # Not plain `queue`: of one queue SQLite would read the whole index of it, to find the few of one agent in order.
    which = {-1: f"{_CAME_BACK} AND queue || '' IN {places(queues)}"}
    which |= {place: f"{each} AND {_IS_FREE}" for place, each in enumerate(each_queue(queues))}
    ids = (_lock(db, f"SELECT id FROM request WHERE {which[place]} {_FIRST}", values)
           for place in _by_urgency(db, which, values))  # fmt: skip
    return next((id for id in ids if id is not None), None)


def _by_urgency(db: Db, which: dict[int, str], values: dict[str, Any]) -> Sequence[int]:
    firsts = (f"SELECT * FROM (SELECT {place} AS place, id, priority, due FROM request WHERE {each} {_FIRST}) AS one"
              for place, each in which.items())  # fmt: skip
    order = f"CASE place WHEN -1 THEN 0 ELSE 1 END, {lists.URGENCY}"
    sql = f"SELECT place FROM ({' UNION ALL '.join(firsts)}) AS each_one ORDER BY {order}"
    return [row[0] for row in rows(db, sql, values)]


def _lock(db: Db, sql: str, values: dict[str, Any]) -> int | None:
    if db.connection().dialect.name == "postgresql":
        sql += " FOR UPDATE SKIP LOCKED"
    row = rows(db, sql, values).first()
    return row[0] if row else None
