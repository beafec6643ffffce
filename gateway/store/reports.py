"""What was learnt, as figures: how much came in, how soon it was answered and resolved, what customers said about it.

A request counts in the period in which it was opened. Medians and percentiles are taken by nearest rank, here and not
in SQL, which has none on SQLite.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Literal

from gateway.store.days import Opened

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

    requests: int = 0
    thanks: int = 0
    not_solved: int = 0
    ratings: int = 0
    rating_sum: int = 0
    answers: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)

    def enter(self, line: Opened) -> None:
        self.ratings += sum(line.ratings.values())
        self.rating_sum += sum(int(value) * n for value, n in line.ratings.items())
        self._take(line)

    def add(self, other: "_Group") -> None:
        self.ratings += other.ratings
        self.rating_sum += other.rating_sum
        self._take(other)

    def _take(self, other: "Opened | _Group") -> None:
        self.requests += other.requests
        self.thanks += other.thanks
        self.not_solved += other.not_solved
        self.answers += other.answers
        self.ends += other.ends

    def sort(self) -> None:
        self.answers.sort()
        self.ends.sort()


def report(opened: Iterable[tuple[date, Opened]], by: Period) -> list[Line]:
    """Lines by period, each category and then all of them together; at the end the sum of all periods."""
    groups = defaultdict[tuple[str, str], _Group](_Group)
    for day, line in opened:
        groups[period_of(day, by), line.category].enter(line)
    for (period, category), group in [*groups.items()]:
        group.sort()  # what is put together from sorted lists is sorted many times as fast
        for key in ((period, ALL), (ALL, category), (ALL, ALL)):
            groups[key].add(group)
    for group in groups.values():
        group.sort()
    return [_line(*key, groups[key]) for key in sorted(groups, key=_order)]


@lru_cache(5000)
def period_of(day: date, by: Period) -> str:
    """The name of the period that a day lies in; weeks as ISO 8601 counts them."""
    if by == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02d}"
    return day.isoformat() if by == "day" else f"{day:%Y-%m}"


def _order(key: tuple[str, str]) -> tuple[bool, str, bool, str]:
    period, category = key
    return period == ALL, period, category == ALL, category


def _line(period: str, category: str, group: _Group) -> Line:
    answers, ends = group.answers, group.ends
    return Line(
        period, category, group.requests,
        len(answers), rank(answers, 0.5), rank(answers, 0.9),
        len(ends), rank(ends, 0.5), rank(ends, 0.9),
        group.thanks, group.not_solved,
        group.ratings, group.rating_sum / group.ratings if group.ratings else None,
    )  # fmt: skip


def rank(values: list[float], share: float) -> float | None:
    """The smallest of the sorted values that at least this share of them does not pass (nearest rank)."""
    return values[max(0, -int(-share * len(values) // 1) - 1)] if values else None
