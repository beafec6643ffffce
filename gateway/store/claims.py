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
from gateway.store.statement import named, places, rows

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
    id = (_came_back(db, len(names), values) or _free(db, len(names), values)) if names else None
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


def _came_back(db: Db, queues: int, values: dict[str, Any]) -> int | None:
    return _lock(db, f"SELECT id FROM request WHERE {_CAME_BACK} AND queue IN {places(queues)} {_FIRST}", values)


def _free(db: Db, queues: int, values: dict[str, Any]) -> int | None:
    """Of the queue whose first request is the most urgent one; of the next when others are faster there."""
    for place in _by_urgency(db, queues, values):
        id = _lock(db, f"SELECT id FROM request WHERE queue = :q{place} AND {_IS_FREE} {_FIRST}", values)
        if id is not None:
            return id
    return None


def _by_urgency(db: Db, queues: int, values: dict[str, Any]) -> Sequence[int]:
    firsts = (f"SELECT * FROM (SELECT {place} AS place, id, priority, due FROM request WHERE queue = :q{place} AND "
              f"{_IS_FREE} {_FIRST}) AS one" for place in range(queues))  # fmt: skip
    sql = f"SELECT place FROM ({' UNION ALL '.join(firsts)}) AS each_one ORDER BY {lists.URGENCY}"
    return [row[0] for row in rows(db, sql, values)]


def _lock(db: Db, sql: str, values: dict[str, Any]) -> int | None:
    if db.connection().dialect.name == "postgresql":
        sql += " FOR UPDATE SKIP LOCKED"
    row = rows(db, sql, values).first()
    return row[0] if row else None
