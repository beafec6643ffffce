"""What each day came to, kept: a report adds days up, and counts only what is not over yet or has changed since.

A day is kept by whoever first looks at it after its end. What changes its figures later (an answer, a resolution, a
rating, a bounce, another queue) strikes it out within its own transaction, by triggers (revision 0011), so that the
next look counts it again: nobody who handles a mail keeps a count, and after a crash none can be wrong.

The times to answer and to resolve are kept one by one, sorted. A histogram would be no smaller: of 3,000 requests a day
some hundred share a queue and a category, and these fall into nearly as many buckets of 5 %. So medians are exact.
"""

# ruff: noqa: S608 - the SQL is made of words of this file, values are bound

import json
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import TextClause, bindparam, delete, func, insert, literal, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session as Db

from gateway.models import KeptDay, Letter, Moment, Request, Taught, columns
from gateway.store.database import Database

KEPT, LETTER, REQUEST, TAUGHT = columns(KeptDay), columns(Letter), columns(Request), columns(Taught)
_kept_day = KeptDay.__table__  # type: ignore[attr-defined]
# A day of another zone may lie across one that is to be kept.
_CLEAR = delete(_kept_day).where(_kept_day.c.kind == bindparam("of"), _kept_day.c.until > bindparam("begin"),
                                 _kept_day.c.since < bindparam("end"))
AT_ONCE = 8
"""Counts of a day that are kept in one transaction: on SQLite the mails that come meanwhile wait for it."""
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """The time of a report. Its days are those of the zone; the first and the last may be parts of a day."""

    since: datetime
    until: datetime
    zone: ZoneInfo


class Opened(NamedTuple):
    """The requests of one queue and category that were opened within a day. Times are seconds, the shortest first."""

    queue: str
    category: str
    requests: int
    reopened: int
    """Those that were opened again at least once."""
    thanks: int
    """How often their customers said thanks."""
    not_solved: int
    ratings: dict[str, int]
    """How often each was given: JSON has words as keys."""
    identities: dict[str, int]
    answers: list[float]
    """From opening to the first answer."""
    ends: list[float]
    """From opening to the resolution."""

    def together(self, other: "Opened") -> "Opened":
        """With those of the same queue and category that came with another identity."""
        return Opened(self.queue, self.category, self.requests + other.requests, self.reopened + other.reopened, 0, 0,
                      Counter(self.ratings) + Counter(other.ratings), self.identities | other.identities,
                      sorted(self.answers + other.answers), sorted(self.ends + other.ends))  # fmt: skip


class Letters(NamedTuple):
    """Letters that were written within a day about requests of one queue; None: about none."""

    queue: str | None
    written: int
    bounced: int


class Decided(NamedTuple):
    """How often within a day agents made this category of a suggested one."""

    queue: str
    said: str
    became: str
    times: int


class _Piece(NamedTuple):
    """A day, or what of it lies in a span."""

    day: date
    since: datetime
    until: datetime
    is_whole: bool


# ---- what a report adds up ----


def opened(db: Db, span: Span, queues: Collection[str] | None = None) -> list[tuple[date, Opened]]:
    """With the day of each. queues: those that count; None is all."""
    return [(day, line) for day, lines in _days(db, OPENED, span) for line in lines
            if queues is None or line.queue in queues]


def letters(db: Db, span: Span, queues: Collection[str] | None = None) -> list[Letters]:
    return [line for _, lines in _days(db, LETTERS, span) for line in lines if queues is None or line.queue in queues]


def decided(db: Db, span: Span, queues: Collection[str] | None = None) -> list[Decided]:
    return [line for _, lines in _days(db, DECIDED, span) for line in lines if queues is None or line.queue in queues]


def _days(db: Db, kind: "_Kind", span: Span) -> Iterator[tuple[date, list[Any]]]:
    kept = {(row.since, row.until): row for row in db.execute(_kept(kind, span, KEPT.lines, KEPT.lapses))}
    for piece in _lived(db, kind, span):
        row = kept.get((piece.since, piece.until))
        yield piece.day, kind.count(db, piece) if row is None else kind.read(row.lines, row.lapses)


def _kept(kind: "_Kind", span: Span, *more: Any) -> Any:
    return select(KEPT.since, KEPT.until, *more).where(
        KEPT.kind == kind.name, KEPT.until > span.since, KEPT.until <= span.until)


def _lived(db: Db, kind: "_Kind", span: Span) -> list[_Piece]:
    """Not the days before anything was there, nor those to come."""
    # Each by itself: SQLite looks at the end of an index for one of the two only.
    first, last = db.execute(select(select(func.min(kind.at)).scalar_subquery(),
                                    select(func.max(kind.at)).scalar_subquery())).one()
    return [piece for piece in _pieces(span) if piece.until > first and piece.since <= last] if first else []


def _pieces(span: Span) -> Iterator[_Piece]:
    day, since, until = span.since.astimezone(span.zone).date(), span.since.astimezone(UTC), span.until.astimezone(UTC)
    while since < until:
        begin, end = (datetime.combine(each, time.min, span.zone).astimezone(UTC) for each in (day, day + ONE_DAY))
        if end > since:  # a zone may leave a day out
            yield _Piece(day, since, min(end, until), since == begin and end <= until)
            since = end
        day += ONE_DAY


# ---- keeping ----


async def keep(database: Database, span: Span, now: datetime) -> None:
    """Count the days of this span that are over and not kept. A database that cannot be written to, as on a full disk,
    keeps none: reports count these days then."""
    missing = await database.read(lambda db: _missing(db, span, now))
    with suppress(DBAPIError):
        for start in range(0, len(missing), AT_ONCE):
            await database.write(lambda db, some=missing[start:start + AT_ONCE]: _keep(db, some))  # type: ignore[misc]


def _missing(db: Db, span: Span, now: datetime) -> list[tuple["_Kind", _Piece]]:
    found: list[tuple[_Kind, _Piece]] = []
    for kind in (OPENED, LETTERS, DECIDED):
        kept = {tuple(row) for row in db.execute(_kept(kind, span))}
        found += [(kind, piece) for piece in _lived(db, kind, span)
                  if piece.is_whole and piece.until <= now and (piece.since, piece.until) not in kept]
    return found


def _keep(db: Db, some: list[tuple["_Kind", _Piece]]) -> None:
    """Unless somebody's change is under way (PostgreSQL), which we should not see."""
    if _is_postgresql(db) and not db.scalar(select(func.pg_try_advisory_xact_lock(20_761_006))):
        return
    times = [{"of": kind.name, "begin": piece.since, "end": piece.until} for kind, piece in some]
    written = [kind.write(kind.count(db, piece)) for kind, piece in some]
    db.connection().execute(_CLEAR, times)
    db.connection().execute(insert(_kept_day), [
        {"kind": kind.name, "since": piece.since, "until": piece.until, "lines": lines, "lapses": lapses}
        for (kind, piece), (lines, lapses) in zip(some, written, strict=True)])


def _write_opened(found: list[Opened]) -> tuple[list[Any], bytes]:
    lapses = array("d")
    for line in found:
        lapses.extend(line.answers)
        lapses.extend(line.ends)
    return [(*line[:-2], len(line.answers), len(line.ends)) for line in found], lapses.tobytes()


def _read_opened(lines: list[Any], lapses: bytes) -> list[Opened]:
    each, start, found = array("d", lapses).tolist(), 0, list[Opened]()
    for line in lines:
        middle = start + line[-2]
        end = middle + line[-1]
        found.append(Opened._make((*line[:-2], each[start:middle], each[middle:end])))
        start = end
    return found


# ---- counting ----


def _is_postgresql(db: Db) -> bool:
    return db.connection().dialect.name == "postgresql"


def _count_opened(db: Db, piece: _Piece) -> list[Opened]:
    time, found = {"since": piece.since, "until": piece.until}, dict[tuple[str, str], Opened]()
    for queue, category, identity, requests, reopened, ratings, answers, ends in db.execute(
            _OPENED[_is_postgresql(db)], time):
        more = Opened(queue, category, requests, reopened, 0, 0, Counter(map(str, json.loads(ratings or "[]"))),
                      {identity: requests}, _seconds(answers), _seconds(ends))  # fmt: skip
        line = found.get((queue, category))
        found[queue, category] = line.together(more) if line else more
    for queue, category, thanks, not_solved in db.execute(_SAID, time):
        if line := found.get((queue, category)):  # else it came between the two questions
            found[queue, category] = line._replace(thanks=thanks, not_solved=not_solved)
    return [*found.values()]


def _seconds(microseconds: str | None) -> list[float]:
    return sorted(each / 10**6 for each in json.loads(microseconds or "[]"))


def _count_letters(db: Db, piece: _Piece) -> list[Letters]:
    query = (select(REQUEST.queue, func.count(), func.count().filter(LETTER.state == literal("bounced")))
             .select_from(Letter).outerjoin(Request, REQUEST.id == LETTER.request_id)
             .where(LETTER.created_at >= piece.since, LETTER.created_at < piece.until).group_by(REQUEST.queue))
    return [Letters(*row) for row in db.execute(query)]


def _count_decided(db: Db, piece: _Piece) -> list[Decided]:
    query = (select(TAUGHT.queue, TAUGHT.said_category, TAUGHT.category, func.count())
             .where(TAUGHT.at >= piece.since, TAUGHT.at < piece.until, TAUGHT.said_category != "")
             .group_by(TAUGHT.queue, TAUGHT.said_category, TAUGHT.category))
    return [Decided(*row) for row in db.execute(query)]


IN_TIME = "created_at >= :since AND created_at < :until"


def _timed(sql: str) -> TextClause:
    return text(sql).bindparams(bindparam("since", type_=Moment), bindparam("until", type_=Moment))


def _opened_by(all_of: str, lapse: str) -> TextClause:
    """The database itself gathers the times, in microseconds: a row of each request would take three times as long."""
    lists = (f"CAST({all_of}({what}) FILTER (WHERE {column} IS NOT NULL) AS text)" for column, what in (
        ("rating", "rating"), *((each, lapse.replace("END", each)) for each in ("answered_at", "resolved_at"))))
    return _timed("SELECT queue, category, identity, count(*), count(*) FILTER (WHERE reopened > 0), "
                  f"{', '.join(lists)} FROM request WHERE {IN_TIME} GROUP BY queue, category, identity")


_OPENED = {
    False: _opened_by("json_group_array", "(strftime('%s', substr(END, 1, 19)) - strftime('%s', substr(created_at, 1, "
                      "19))) * 1000000 + substr(END, 21, 6) - substr(created_at, 21, 6)"),
    True: _opened_by("json_agg", "CAST(extract(epoch FROM END - created_at) * 1000000 AS bigint)"),
}
"""By whether it is PostgreSQL."""
# Without the ends of the ids PostgreSQL reads all that was ever said; for a plain min(id), all requests.
_SAID = _timed("SELECT queue, category, count(*) FILTER (WHERE value > 0), count(*) FILTER (WHERE value <= 0) "
               f"FROM request JOIN figure ON request_id = request.id AND name = 'feedback' WHERE {IN_TIME} "
               f"AND request_id >= (SELECT min(id + 0) FROM request WHERE {IN_TIME}) "
               f"AND request_id <= (SELECT max(id + 0) FROM request WHERE {IN_TIME}) GROUP BY queue, category")


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is counted of a day."""

    name: str
    at: Any
    """The column by which something belongs to a day."""
    count: Callable[[Db, _Piece], list[Any]]
    read: Callable[[list[Any], bytes], list[Any]]
    write: Callable[[list[Any]], tuple[list[Any], bytes]] = lambda lines: (lines, b"")


OPENED = _Kind("opened", REQUEST.created_at, _count_opened, _read_opened, _write_opened)
LETTERS = _Kind("letters", LETTER.created_at, _count_letters, lambda lines, _: [Letters(*line) for line in lines])
DECIDED = _Kind("taught", TAUGHT.at, _count_decided, lambda lines, _: [Decided(*line) for line in lines])
