"""What was learnt, as figures: how much came in, how soon it was answered and resolved, what customers said about it.

A request counts in the period in which it was opened. Medians and percentiles are taken by nearest rank, here and not
in SQL, which has none on SQLite; only the few columns they need are read.
"""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Literal
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


@dataclass(slots=True)
class _Group:
    """The requests of one line. Times are seconds."""

    ids: list[int] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    ratings: list[int] = field(default_factory=list)

    def add(self, other: "_Group") -> None:
        self.ids += other.ids
        self.answers += other.answers
        self.ends += other.ends
        self.ratings += other.ratings


def report(
    db: Db, since: datetime, until: datetime, by: Period, zone: ZoneInfo, queues: Collection[str] | None = None
) -> list[Line]:
    """Lines by period, each category and then all of them together; at the end the sum of all periods.

    queues: those that count; None is all.
    """
    said = _said(db, since, until)
    groups: dict[tuple[str, str], _Group] = defaultdict(_Group)
    for (period, category), group in _opened(db, since, until, by, zone, queues).items():
        for key in ((period, category), (period, ALL), (ALL, category), (ALL, ALL)):
            groups[key].add(group)
    return [_line(*key, groups[key], said) for key in sorted(groups, key=_order)]


@lru_cache(5000)
def period_of(day: date, by: Period) -> str:
    """The name of the period that a day lies in; weeks as ISO 8601 counts them."""
    if by == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02d}"
    return day.isoformat() if by == "day" else f"{day:%Y-%m}"


def in_queues(query: Any, queues: Collection[str] | None) -> Any:
    """A question about requests, of those in these queues; None is all."""
    return query if queues is None else query.where(REQUEST.queue.in_(queues))


def _opened(db: Db, since: datetime, until: datetime, by: Period, zone: ZoneInfo,
            queues: Collection[str] | None) -> dict[tuple[str, str], _Group]:
    """By period and category. A month of a large desk has a hundred thousand: each is looked at once."""
    query = select(REQUEST.id, REQUEST.category, REQUEST.created_at, REQUEST.answered_at, REQUEST.resolved_at,
                   REQUEST.rating).where(REQUEST.created_at >= since, REQUEST.created_at < until)
    found: dict[tuple[str, str], _Group] = defaultdict(_Group)
    for id, category, created_at, answered_at, resolved_at, rating in db.execute(in_queues(query, queues)):
        group = found[period_of(created_at.astimezone(zone).date(), by), category]
        group.ids.append(id)
        if answered_at is not None:
            group.answers.append((answered_at - created_at).total_seconds())
        if resolved_at is not None:
            group.ends.append((resolved_at - created_at).total_seconds())
        if rating is not None:
            group.ratings.append(rating)
    return found


def _said(db: Db, since: datetime, until: datetime) -> Counter[tuple[int, bool]]:
    """How often the customer of a request (its id) said thanks (True) or not solved (False)."""
    query = (select(FIGURE.request_id, FIGURE.value).join(Request, REQUEST.id == FIGURE.request_id)
             .where(FIGURE.name == "feedback", REQUEST.created_at >= since, REQUEST.created_at < until))
    return Counter((request, value > 0) for request, value in db.execute(query))


def _order(key: tuple[str, str]) -> tuple[bool, str, bool, str]:
    period, category = key
    return period == ALL, period, category == ALL, category


def _line(period: str, category: str, group: _Group, said: Counter[tuple[int, bool]]) -> Line:
    answers, ends, ratings = sorted(group.answers), sorted(group.ends), group.ratings
    return Line(
        period, category, len(group.ids),
        len(answers), rank(answers, 0.5), rank(answers, 0.9),
        len(ends), rank(ends, 0.5), rank(ends, 0.9),
        sum(said[id, True] for id in group.ids) if said else 0,
        sum(said[id, False] for id in group.ids) if said else 0,
        len(ratings), sum(ratings) / len(ratings) if ratings else None,
    )  # fmt: skip


def rank(values: list[float], share: float) -> float | None:
    """The smallest of the sorted values that at least this share of them does not pass (nearest rank)."""
    return values[max(0, -int(-share * len(values) // 1) - 1)] if values else None
