"""The agents' queues: how much waits in each, who gets the next request, and every list of requests, page by page.

Lists are keyset-paged and sorted as agents work: the most urgent first, of equals what is due first; what is settled,
newest first; what was searched for, by the newest entry that holds the words. Each is read along an index of the very
order (models.Request), queue by queue, so a page costs the same among a thousand requests and a million. The SQL is
put together here, because SQLAlchemy would take longer to do it than the database to answer.
"""

# ruff: noqa: S608 - the SQL is made of words of this file, values are bound

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Integer, String, literal_column
from sqlalchemy.orm import Session as Db

from gateway.models import ALIVE, OUTSTANDING, UNDATED, Moment, Request
from gateway.store import search
from gateway.store.statement import each_queue, named, places, rows

_request = Request.__table__  # type: ignore[attr-defined]
WAITING, SETTLED = ("new", "open"), ("resolved", "closed")
GROUPS = {"alive": ALIVE, "waiting": WAITING, "settled": SETTLED, "any": ALIVE + SETTLED}
"""What a filter may name beside a single state: somebody still works on it or waits for it; the next act is ours; it
is at its end; all of them."""
MOST = 1_000
"""Lines of a page."""
HITS, LOOKS = 100, 5
"""Entries with the words that a search looks at together, and how often it goes on until it has filled a page. Where a
filter leaves hardly any, the page is short and the next one goes on."""

URGENCY = f"priority DESC, {UNDATED}, due, id"
"""The order of living requests; the index request_urgency, of what waits for us request_waiting, and of what waits for
customers request_outstanding."""
_CURSOR = re.compile(r"([0-9]{1,9})(?:\.([1-5])(?:\.([0-9]{1,17}))?)?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class QueueLine:
    """One queue and how much is in it."""

    queue: str
    waiting: int
    """Requests whose next act is ours (new, open)."""
    alive: int
    """These and the ones that wait for the customer."""
    overdue: int
    oldest: datetime | None
    """When the oldest waiting one was opened."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which requests a list holds. The queues that its reader may see are an argument of their own."""

    queue: str = ""
    """"" is every queue."""
    state: str = ""
    """A state, or a word of GROUPS; "" is alive, and where words are searched for any."""
    category: str = ""
    owner: str | None = None
    """"" is nobody's; None is anybody's."""
    overdue: bool = False
    held: bool = False
    """Only what waits for a decision whether it stands for itself."""
    identity: str = ""
    verification: str = ""
    language: str = ""
    words: str = ""
    """Searched for in what was said (store/search)."""

    @property
    def is_by_age(self) -> bool:
        """Listed newest first: what is at its end is urgent no more."""
        return self.state in ("settled", "any", *SETTLED)

    @property
    def is_narrow(self) -> bool:
        """More is asked than words and a queue."""
        return self != Filter(queue=self.queue, words=self.words)


class Line(NamedTuple):
    """One request in a list. Named as the columns of Request are, so that badges can be made of it. (A tuple: a frozen
    dataclass of so many fields takes ten times as long to make, and a page has fifty.)"""

    id: int
    number: str
    subject: str
    state: str
    category: str
    language: str
    queue: str
    priority: int
    due: datetime | None
    owner: str
    lease_until: datetime | None
    claimed_at: datetime | None
    identity: str
    identity_because: str
    verification: str
    verification_because: str
    on_file: str
    is_held: bool
    created_at: datetime
    changed_at: datetime
    customer_wrote_at: datetime | None
    resolution: str
    rating: int | None
    last_entry: int
    customer: str
    """Address."""
    customer_name: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines of a list. next: where the following page begins, for `after`; "" when this was the last."""

    lines: Sequence[Line]
    next: str


class BadCursor(ValueError):
    """`after` was not made by a page of this list."""


# ---- counts ----------------------------------------------------------------------------------------------------------


def counts(db: Db, now: datetime, queues: Collection[str] | None = None) -> list[QueueLine]:
    """Every queue that holds living requests, by name; of these queues only, when they are given."""
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    lines = (QueueLine(*row) for row in rows(db, _COUNTS, {"now": now, "hour": hour}, _COUNTED))
    return [each for each in lines if queues is None or each.queue in queues]


def waiting(db: Db, queues: Collection[str] | None = None) -> list[str]:
    """The queues in which something waits for an agent; of these, when they are given."""
    found = rows(db, "SELECT queue FROM tally WHERE state IN ('new', 'open') GROUP BY queue HAVING sum(n) > 0", {})
    return sorted(queue for queue, in found if queues is None or queue in queues)


def _among(states: Sequence[str]) -> str:
    return f"state IN ({', '.join(repr(state) for state in states)})"


def _sum(states: Sequence[str]) -> str:
    return f"CAST(sum(CASE WHEN {_among(states)} THEN n ELSE 0 END) AS INTEGER)"


_OF_THIS_HOUR = (f"(SELECT count(*) FROM request WHERE queue = kept.queue AND {_among(WAITING)} "
                 f"AND priority IN (1, 2, 3, 4, 5) AND {UNDATED} = 0 AND due >= :hour AND due < :now)")
"""A range of the index for each priority."""
_OVERDUE = ("(SELECT CAST(coalesce(sum(n), 0) AS INTEGER) FROM due_tally WHERE queue = kept.queue AND hour < :hour) "
            f"+ {_OF_THIS_HOUR}")
"""The hours that are over are kept; what fell due since is counted."""
_COUNTS = (f"SELECT queue, waiting, alive, {_OVERDUE} AS overdue, (SELECT created_at FROM request "
           f"WHERE queue = kept.queue AND {_among(WAITING)} ORDER BY id LIMIT 1) AS oldest "
           f"FROM (SELECT queue, {_sum(WAITING)} AS waiting, {_sum(ALIVE)} AS alive FROM tally GROUP BY queue) AS kept "
           "WHERE alive > 0 ORDER BY queue")  # fmt: skip
_COUNTED = tuple(literal_column(name, kind) for name, kind in (
    ("queue", String()), ("waiting", Integer()), ("alive", Integer()), ("overdue", Integer()), ("oldest", Moment())))


# ---- pages -----------------------------------------------------------------------------------------------------------


def page(db: Db, filter: Filter, now: datetime, limit: int = 50, after: str = "",
         queues: Collection[str] | None = None) -> Page:
    """A page of requests. queues: those its reader may see, None is all. Raises BadCursor."""
    place, limit = _Place.read(after), min(max(limit, 1), MOST)
    if filter.words.strip():
        return _found(db, filter, now, limit, place, queues)
    names = _names(db, filter, queues)
    if not names:
        return Page((), "")
    segments, order, known = ((_older(place), "id DESC", "id") if filter.is_by_age else
                              (_less_urgent(place), URGENCY, "id, priority, due"))
    # Numbers, not values: PostgreSQL plans anew for each look where it does not know how few are wanted.
    most = f"LIMIT {limit + 1}"
    branches = [f"SELECT * FROM (SELECT {known} FROM request WHERE {each} AND "
                f"{_conditions(filter)}{segment} ORDER BY {own} {most}) AS one"
                for each in _ways(filter, len(names)) for segment, own in segments]  # fmt: skip
    ids = f"SELECT id FROM ({' UNION ALL '.join(branches)}) AS each_one ORDER BY {order} {most}"
    lines = _lines(db, ids, {**_values(filter, now), **named(names), **place.values()})
    lines.sort(key=(lambda line: -line.id) if filter.is_by_age else _urgency)
    return Page(lines[:limit], _Place.of(lines[limit - 1], filter.is_by_age) if len(lines) > limit else "")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page ended: the id of its last line, and how urgent that was."""

    id: int | None = None
    priority: int | None = None
    due: datetime | None = None

    @classmethod
    def read(cls, after: str) -> "_Place":
        found = _CURSOR.fullmatch(after)
        if after and not found:
            raise BadCursor("this is no cursor of a list")
        id, priority, due = found.groups() if found else (None, None, None)
        return cls(int(id) if id else None, int(priority) if priority else None,
                   _EPOCH + timedelta(microseconds=int(due)) if due else None)

    @staticmethod
    def of(line: Line, is_by_age: bool) -> str:
        due = [] if line.due is None else [(line.due - _EPOCH) // timedelta(microseconds=1)]
        return ".".join(map(str, [line.id] if is_by_age else [line.id, line.priority, *due]))

    def values(self) -> dict[str, Any]:
        return {"last": self.id, "priority": self.priority, "due": self.due}


def _older(place: _Place) -> list[tuple[str, str]]:
    return [(" AND id < :last" if place.id is not None else "", "id DESC")]


def _less_urgent(place: _Place) -> list[tuple[str, str]]:
    """What comes behind a place, as ranges of the index, each with the order that it has there: one OR over them all
    would be read from its beginning."""
    if place.id is None:
        return [("", URGENCY)]
    if place.priority is None:
        raise BadCursor("this is a cursor of another list")
    same, less = f" AND priority = :priority AND {UNDATED}", (" AND priority < :priority", URGENCY)
    if place.due is None:
        return [(f"{same} = 1 AND due IS NULL AND id > :last", "due, id"), less]
    # Not `due = :due`: SQLite would put the value into UNDATED as well, and no longer know the index by it.
    return [(f"{same} = 0 AND due >= :due AND due <= :due AND id > :last", "due, id"),
            (f"{same} = 0 AND due > :due", "due, id"), (f"{same} = 1", "due, id"), less]  # fmt: skip


def _found(db: Db, filter: Filter, now: datetime, limit: int, place: _Place, queues: Collection[str] | None) -> Page:
    """What was searched for; each request once on a page, where the newest entry with the words puts it."""
    names = None if queues is None and not filter.queue else _names(db, filter, queues)
    if names == []:
        return Page((), "")
    which = _conditions(filter) + (f" AND queue IN {places(len(names))}" if names else "")
    values, question = {**_values(filter, now), **named(names or ())}, search.Question(db, filter.words)
    newest, end = dict[int, int](), place.id
    for _ in range(LOOKS):
        found = question.requests(which, values, max(limit * 2, HITS), end)
        newest, end = {**found.newest, **newest}, found.end
        if end is None or len(newest) > limit:
            break
    ids = sorted(newest, key=lambda id: -newest[id])[:limit]
    lines = _lines(db, f"SELECT id FROM request WHERE id IN {places(len(ids))}", named(ids)) if ids else []
    lines.sort(key=lambda line: -newest[line.id])
    end = newest[ids[-1]] if len(newest) > limit else end
    return Page(lines, str(end) if end is not None else "")


def _names(db: Db, filter: Filter, queues: Collection[str] | None) -> list[str]:
    """The queues that are looked through."""
    if filter.queue:
        return [filter.queue] if queues is None or filter.queue in queues else []
    if queues is not None:
        return sorted(set(queues))
    return [row[0] for row in rows(db, "SELECT DISTINCT queue FROM tally ORDER BY queue", {})]


def _ways(filter: Filter, queues: int) -> list[str]:
    """The queues as a list is read: each in its order; or all at once, where an index of their own has the few of one
    agent or those held, which by any other way are looked for among all."""
    if filter.owner:
        ages = (ALIVE, SETTLED) if filter.state == "any" else (SETTLED,) if filter.is_by_age else (ALIVE,)
        return [f"queue || '' IN {places(queues)} AND {_among(states)}" for states in ages]
    return [f"queue || '' IN {places(queues)}"] if filter.held else each_queue(queues)


def _states(filter: Filter) -> str:
    """Among which states those of the filter are, as an index has them together."""
    if filter.overdue or filter.state in GROUPS:
        return _among(WAITING if filter.overdue else GROUPS[filter.state])
    if filter.state in ("pending", "answered"):
        return OUTSTANDING
    of_one = (each for each in (WAITING, SETTLED) if filter.state in each)
    return _among(next(of_one, GROUPS["any" if filter.words else "alive"]))


def _conditions(filter: Filter) -> str:
    """The states first, as the partial indexes name them."""
    parts = [_states(filter)]
    if filter.state and filter.state not in GROUPS:
        parts.append("state = :state")
    parts += [f"{name} = :{name}" for name in ("category", "identity", "verification", "language")
              if getattr(filter, name)]  # fmt: skip
    if filter.owner is not None:
        parts.append("owner = :owner" + (" AND owner <> ''" if filter.owner else ""))
    if filter.overdue:
        parts.append("due < :now")
    if filter.held:
        parts.append("is_held = TRUE")
    return " AND ".join(parts)


def _values(filter: Filter, now: datetime) -> dict[str, Any]:
    names = ("state", "category", "identity", "verification", "language", "owner")
    return {"now": now, **{name: getattr(filter, name) for name in names}}


def _urgency(line: Line) -> tuple[int, bool, datetime, int]:
    return -line.priority, line.due is None, line.due or _EPOCH, line.id


# ---- rows ------------------------------------------------------------------------------------------------------------

_OF_REQUEST = tuple(_request.c[name] for name in Line._fields[:-2])
_SELECT = ", ".join(f"request.{each.name}" for each in _OF_REQUEST)


def _lines(db: Db, ids: str, values: dict[str, Any]) -> list[Line]:
    sql = (f"SELECT {_SELECT}, customer.address AS customer, customer.name AS customer_name FROM request "
           f"JOIN customer ON customer.id = request.customer_id WHERE request.id IN ({ids})")  # fmt: skip
    return [Line(*row) for row in rows(db, sql, values, _OF_REQUEST).all()]  # one by one takes longer
