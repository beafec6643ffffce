"""What was learnt, as figures: how much came in, how soon it was answered and resolved, what customers said about it.

A request counts in the period in which it was opened. Medians and percentiles are taken by nearest rank, here and not
in SQL, which has none on SQLite; only the few columns they need are read.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from gateway.models import Figure, Request, columns

FIGURE, REQUEST = columns(Figure), columns(Request)
ALL = "all"
"""Stands for every category, or for every period."""

Period = Literal["day", "week", "month"]


@dataclass(frozen=True, slots=True)
class Line:
    """One period and category. Times are seconds; None where there is nothing to take it from."""

    period: str
    """2026-11-23, 2026-W48 or 2026-11, in the site's time zone; or "all"."""
    category: str
    """The category, or "all"."""
    requests: int
    answered: int
    first_answer_median: float | None
    first_answer_p90: float | None
    resolved: int
    resolution_median: float | None
    resolution_p90: float | None
    thanks: int
    """How often customers said thanks (figure "feedback", 1)."""
    not_solved: int
    """How often they said that it is not solved (figure "feedback", 0)."""
    ratings: int
    rating_mean: float | None
    """1 (bad) to 5 (good)."""


class _Row(NamedTuple):
    id: int
    category: str
    created_at: datetime
    answered_at: datetime | None
    resolved_at: datetime | None
    rating: int | None


def report(
    db: Db, since: datetime, until: datetime, by: Period, zone: ZoneInfo, queues: Collection[str] | None = None
) -> list[Line]:
    """Lines by period, each category and then all of them together; at the end the sum of all periods.

    queues: those that count; None is all.
    """
    rows = _opened(db, since, until, queues)
    said = _said(db, since, until)
    groups: dict[tuple[str, str], list[_Row]] = defaultdict(list)
    for row in rows:
        period = period_of(row.created_at.astimezone(zone).date(), by)
        for key in ((period, row.category), (period, ALL), (ALL, row.category), (ALL, ALL)):
            groups[key].append(row)
    return [_line(*key, groups[key], said) for key in sorted(groups, key=_order)]


def period_of(day: date, by: Period) -> str:
    """The name of the period that a day lies in; weeks as ISO 8601 counts them."""
    if by == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02d}"
    return day.isoformat() if by == "day" else f"{day:%Y-%m}"


def in_queues(query: Any, queues: Collection[str] | None) -> Any:
    """A question about requests, of those in these queues; None is all."""
    return query if queues is None else query.where(REQUEST.queue.in_(queues))


def _opened(db: Db, since: datetime, until: datetime, queues: Collection[str] | None) -> list[_Row]:
    query = select(REQUEST.id, REQUEST.category, REQUEST.created_at, REQUEST.answered_at, REQUEST.resolved_at,
                   REQUEST.rating).where(REQUEST.created_at >= since, REQUEST.created_at < until)
    return [_Row(*row) for row in db.execute(in_queues(query, queues))]


def _said(db: Db, since: datetime, until: datetime) -> Counter[tuple[int, bool]]:
    """How often the customer of a request (its id) said thanks (True) or not solved (False)."""
    query = (select(FIGURE.request_id, FIGURE.value).join(Request, REQUEST.id == FIGURE.request_id)
             .where(FIGURE.name == "feedback", REQUEST.created_at >= since, REQUEST.created_at < until))
    return Counter((request, value > 0) for request, value in db.execute(query))


def _order(key: tuple[str, str]) -> tuple[bool, str, bool, str]:
    period, category = key
    return period == ALL, period, category == ALL, category


def _line(period: str, category: str, rows: list[_Row], said: Counter[tuple[int, bool]]) -> Line:
    answers = _seconds((row.created_at, row.answered_at) for row in rows)
    ends = _seconds((row.created_at, row.resolved_at) for row in rows)
    ratings = [row.rating for row in rows if row.rating is not None]
    return Line(
        period, category, len(rows),
        len(answers), rank(answers, 0.5), rank(answers, 0.9),
        len(ends), rank(ends, 0.5), rank(ends, 0.9),
        sum(said[row.id, True] for row in rows), sum(said[row.id, False] for row in rows),
        len(ratings), sum(ratings) / len(ratings) if ratings else None,
    )  # fmt: skip


def _seconds(spans: Iterable[tuple[datetime, datetime | None]]) -> list[float]:
    return sorted((end - start) / timedelta(seconds=1) for start, end in spans if end is not None)


def rank(values: list[float], share: float) -> float | None:
    """The smallest of the sorted values that at least this share of them does not pass (nearest rank)."""
    return values[max(0, -int(-share * len(values) // 1) - 1)] if values else None
