"""What each day came to, kept: a report adds days up, and counts only what is not over yet.

A day is kept by whoever first looks at it after its end. What changes its figures later is told by triggers within its
own transaction, so that nobody who handles a mail keeps a count, and after a crash none can be wrong. Of requests they
note what changed (revision 0014): an answer, a resolution, a rating, another queue. The next look adds it, and once
there is much of it, keeps the day anew. Letters that bounce and lessons strike a day out (revision 0011): it is
counted again.
"""

from array import array
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, delete, func, insert, literal_column, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session as Db

from gateway.models import KeptDay, LateChange, Letter, Request, Taught, columns
from gateway.store.database import Database
from gateway.store.figures import (
    LATE,
    Decided,
    Letters,
    Opened,
    amend,
    count_decided,
    count_letters,
    count_opened,
    is_postgresql,
)

KEPT, CHANGE, LETTER, REQUEST, TAUGHT = (columns(each) for each in (KeptDay, LateChange, Letter, Request, Taught))
_kept_day = KeptDay.__table__  # type: ignore[attr-defined]
# A day of another zone may lie across one that is to be kept.
_CLEAR = delete(_kept_day).where(_kept_day.c.kind == bindparam("of"), _kept_day.c.until > bindparam("begin"),
                                 _kept_day.c.since < bindparam("end"))
AT_ONCE = 8
"""Counts of a day that are kept in one transaction: on SQLite the mails that come meanwhile wait for it."""
MANY = 50
"""Changes of a day, from which on it is kept anew: each costs a report some microseconds, to keep a day a commit."""
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """The time of a report. Its days are those of the zone; the first and the last may be parts of a day."""

    since: datetime
    until: datetime
    zone: ZoneInfo


class _Piece(NamedTuple):
    """A day, or what of it lies in a span."""

    day: date
    since: datetime
    until: datetime
    is_whole: bool


_Rows = dict[tuple[datetime, datetime], Any]
"""Of kept days, by their ends."""

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
    kept = _kept(db, kind, span.since, span.until)
    for piece in _lived(db, kind, span):
        yield piece.day, _told(db, kind, piece, kept)


def _told(db: Db, kind: "_Kind", piece: _Piece, kept: _Rows) -> list[Any]:
    row = kept.get((piece.since, piece.until))
    return kind.count(db, piece.since, piece.until) if row is None else kind.read(row)


def _kept(db: Db, kind: "_Kind", since: datetime, until: datetime) -> _Rows:
    changes: Any = literal_column(LATE[is_postgresql(db)] if kind.is_amended else "NULL")
    rows = db.execute(select(KEPT.since, KEPT.until, KEPT.lines, KEPT.lapses, changes.label("changes"))
                      .where(*_within(kind, since, until)))
    return {(row.since, row.until): row for row in rows}


def _within(kind: "_Kind", since: datetime, until: datetime) -> tuple[Any, ...]:
    return KEPT.kind == kind.name, KEPT.until > since, KEPT.until <= until


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
    """Count the days of this span that are over and not kept, and enter what changed in the others. A database that
    cannot be written to, as on a full disk, keeps none: reports count these days then."""
    some = await database.read(lambda db: _to_keep(db, span, now))
    with suppress(DBAPIError):
        for start in range(0, len(some), AT_ONCE):
            await database.write(lambda db, some=some[start:start + AT_ONCE]: _keep(db, some))  # type: ignore[misc]


def _to_keep(db: Db, span: Span, now: datetime) -> list[tuple["_Kind", _Piece]]:
    found: list[tuple[_Kind, _Piece]] = []
    for kind in (OPENED, LETTERS, DECIDED):
        changes: Any = _changes() if kind.is_amended else literal_column("0")
        kept = {(since, until) for since, until, n in db.execute(
            select(KEPT.since, KEPT.until, changes).where(*_within(kind, span.since, span.until))) if n < MANY}
        found += [(kind, piece) for piece in _lived(db, kind, span)
                  if piece.is_whole and piece.until <= now and (piece.since, piece.until) not in kept]
    return found


def _changes() -> Any:
    """How many were noted of a day."""
    return (select(func.count()).where(CHANGE.created_at >= KEPT.since, CHANGE.created_at < KEPT.until)
            .correlate(KeptDay).scalar_subquery())


def _keep(db: Db, some: list[tuple["_Kind", _Piece]]) -> None:
    """Unless somebody's change is under way (PostgreSQL), which we should not see."""
    if is_postgresql(db) and not db.scalar(select(func.pg_try_advisory_xact_lock(20_761_006))):
        return
    times = [{"of": kind.name, "begin": piece.since, "end": piece.until} for kind, piece in some]
    written = [kind.write(_told(db, kind, piece, _kept(db, kind, piece.since, piece.until))) for kind, piece in some]
    db.connection().execute(_CLEAR, times)  # with what was noted of them, by a trigger
    db.connection().execute(insert(_kept_day), [
        {"kind": kind.name, "since": piece.since, "until": piece.until, "lines": lines, "lapses": lapses}
        for (kind, piece), (lines, lapses) in zip(some, written, strict=True)])


def _write_opened(found: list[Opened]) -> tuple[list[Any], bytes]:
    lapses = array("d")
    for line in found:
        lapses.extend(line.answers)
        lapses.extend(line.ends)
    return [(*line[:-2], len(line.answers), len(line.ends)) for line in found], lapses.tobytes()


def _read_opened(row: Any) -> list[Opened]:
    each, start, found = array("d", row.lapses).tolist(), 0, list[Opened]()
    for line in row.lines:
        middle = start + line[-2]
        end = middle + line[-1]
        found.append(Opened._make((*line[:-2], each[start:middle], each[middle:end])))
        start = end
    return amend(found, row.changes) if row.changes else found


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is counted of a day."""

    name: str
    at: Any
    """The column by which something belongs to a day."""
    count: Callable[[Db, datetime, datetime], list[Any]]
    read: Callable[[Any], list[Any]]
    """Of a row of kept_day."""
    write: Callable[[list[Any]], tuple[list[Any], bytes]] = lambda lines: (lines, b"")
    is_amended: bool = False
    """Changes are noted; else they strike the day out."""


OPENED = _Kind("opened", REQUEST.created_at, count_opened, _read_opened, _write_opened, is_amended=True)
LETTERS = _Kind("letters", LETTER.created_at, count_letters, lambda row: [Letters(*line) for line in row.lines])
DECIDED = _Kind("taught", TAUGHT.at, count_decided, lambda row: [Decided(*line) for line in row.lines])
