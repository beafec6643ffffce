"""What a day came to, as the tables tell it: its requests by queue and category, its letters, what agents decided.

Times to answer and to resolve are told one by one, sorted. A histogram would be no smaller: of 3,000 requests a day
some hundred share a queue and a category, and these fall into nearly as many buckets of 5 %. So medians are exact.
"""

# ruff: noqa: S608 - the SQL is made of words of this file, values are bound

import json
from bisect import bisect_left
from collections import Counter
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import TextClause, bindparam, func, literal, select, text
from sqlalchemy.orm import Session as Db

from gateway.models import Letter, Moment, Request, Taught, columns

LETTER, REQUEST, TAUGHT = columns(Letter), columns(Request), columns(Taught)


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


def is_postgresql(db: Db) -> bool:
    return db.connection().dialect.name == "postgresql"


# ---- counted ----


def count_opened(db: Db, since: datetime, until: datetime) -> list[Opened]:
    time, found = {"since": since, "until": until}, dict[tuple[str, str], Opened]()
    for queue, category, identity, requests, reopened, ratings, answers, ends in db.execute(
            _OPENED[is_postgresql(db)], time):
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


def count_letters(db: Db, since: datetime, until: datetime) -> list[Letters]:
    query = (select(REQUEST.queue, func.count(), func.count().filter(LETTER.state == literal("bounced")))
             .select_from(Letter).outerjoin(Request, REQUEST.id == LETTER.request_id)
             .where(LETTER.created_at >= since, LETTER.created_at < until).group_by(REQUEST.queue))
    return [Letters(*row) for row in db.execute(query)]


def count_decided(db: Db, since: datetime, until: datetime) -> list[Decided]:
    query = (select(TAUGHT.queue, TAUGHT.said_category, TAUGHT.category, func.count())
             .where(TAUGHT.at >= since, TAUGHT.at < until, TAUGHT.said_category != "")
             .group_by(TAUGHT.queue, TAUGHT.said_category, TAUGHT.category))
    return [Decided(*row) for row in db.execute(query)]


IN_TIME = "created_at >= :since AND created_at < :until"
LAPSE = {
    False: "(CAST(round((julianday(substr(END, 1, 19)) - julianday(substr(created_at, 1, 19))) * 86400) AS INTEGER) "
           "* 1000000 + substr(END, 21, 6) - substr(created_at, 21, 6))",
    True: "CAST(extract(epoch FROM END - created_at) * 1000000 AS bigint)",
}
"""Microseconds from the opening to END, a column; by whether it is PostgreSQL, as all that follows."""


def _timed(sql: str) -> TextClause:
    return text(sql).bindparams(bindparam("since", type_=Moment), bindparam("until", type_=Moment))


def _opened_by(all_of: str, lapse: str) -> TextClause:
    """The database itself gathers the times, in microseconds: a row of each request would take three times as long."""
    lists = (f"CAST({all_of}({what}) FILTER (WHERE {column} IS NOT NULL) AS text)" for column, what in (
        ("rating", "rating"), *((each, lapse.replace("END", each)) for each in ("answered_at", "resolved_at"))))
    return _timed("SELECT queue, category, identity, count(*), count(*) FILTER (WHERE reopened > 0), "
                  f"{', '.join(lists)} FROM request WHERE {IN_TIME} GROUP BY queue, category, identity")


_OPENED = {False: _opened_by("json_group_array", LAPSE[False]), True: _opened_by("json_agg", LAPSE[True])}
# Without the ends of the ids PostgreSQL reads all that was ever said; for a plain min(id), all requests.
_SAID = _timed("SELECT queue, category, count(*) FILTER (WHERE value > 0), count(*) FILTER (WHERE value <= 0) "
               f"FROM request JOIN figure ON request_id = request.id AND name = 'feedback' WHERE {IN_TIME} "
               f"AND request_id >= (SELECT min(id + 0) FROM request WHERE {IN_TIME}) "
               f"AND request_id <= (SELECT max(id + 0) FROM request WHERE {IN_TIME}) GROUP BY queue, category")


# ---- changed since ----


class Late(NamedTuple):
    """What a request adds to a day, or takes from it (models.LateChange); times in microseconds."""

    id: int
    n: int
    queue: str
    category: str
    identity: str
    reopened: int
    rating: int | None
    answer: int | None
    end: int | None
    thanks: int
    not_solved: int


def _late_by(all_of: str, array: str, lapse: str) -> str:
    told = (*Late._fields[:-4], *(lapse.replace("END", each) for each in ("answered_at", "resolved_at")),
            *Late._fields[-2:])
    return (f"(SELECT CAST({all_of}({array}({', '.join(told)})) AS text) FROM late_change "
            "WHERE created_at >= kept_day.since AND created_at < kept_day.until)")


LATE = {False: _late_by("json_group_array", "json_array", LAPSE[False]),
        True: _late_by("json_agg", "json_build_array", LAPSE[True])}
"""Of a row of kept_day, as JSON. In the question that reads the row: on PostgreSQL another would see another moment."""


def amend(lines: list[Opened], changes: str | None) -> list[Opened]:
    """changes: as LATE tells them. One after the other: what a change adds, a later one may take."""
    found = {(line.queue, line.category): line for line in lines}
    for late in (Late(*each) for each in sorted(json.loads(changes or "[]"))):
        key = late.queue, late.category
        line = found.get(key) or Opened(*key, 0, 0, 0, 0, {}, {}, [], [])
        _enter(line.identities, late.identity, late.n)
        _enter(line.ratings, late.rating, late.n)
        _enter_time(line.answers, late.answer, late.n)
        _enter_time(line.ends, late.end, late.n)
        found[key] = line._replace(
            requests=line.requests + late.n, reopened=line.reopened + late.n * (late.reopened > 0),
            thanks=line.thanks + late.thanks, not_solved=line.not_solved + late.not_solved)
    return [line for line in found.values() if line.requests]


def _enter(counts: dict[str, int], what: str | int | None, n: int) -> None:
    """What is counted no more is not there."""
    if what is None:
        return
    name = str(what)
    counts[name] = counts.get(name, 0) + n
    if not counts[name]:
        del counts[name]


def _enter_time(times: list[float], microseconds: int | None, n: int) -> None:
    if microseconds is None:
        return
    seconds = microseconds / 10**6
    place = bisect_left(times, seconds)
    if n > 0:
        times.insert(place, seconds)
    elif times[place:place + 1] == [seconds]:
        del times[place]
