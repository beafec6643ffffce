"""What was learnt, as figures: how much came in, how soon it was answered and resolved, what customers said about it.

A request counts in the period in which it was opened. Medians and percentiles are taken by nearest rank, here and not
in SQL, which has none on SQLite.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import chain, repeat
from operator import getitem
from typing import Literal

from gateway.store.figures import Opened

ALL = "all"
"""Stands for every category, or for every period."""

FEW, HALVINGS = 100, 40
"""Values that are as soon sorted as halved; after so many halvings the values left are equal, or nearly so."""

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
    answers: list[list[float]] = field(default_factory=list)
    """Each sorted."""
    ends: list[list[float]] = field(default_factory=list)

    def enter(self, line: Opened) -> None:
        self.ratings += sum(line.ratings.values())
        self.rating_sum += sum(int(value) * n for value, n in line.ratings.items())
        self._take(line)
        self.answers.append(line.answers)
        self.ends.append(line.ends)

    def add(self, other: "_Group") -> None:
        self.ratings += other.ratings
        self.rating_sum += other.rating_sum
        self._take(other)
        self.answers += other.answers
        self.ends += other.ends

    def _take(self, other: "Opened | _Group") -> None:
        self.requests += other.requests
        self.thanks += other.thanks
        self.not_solved += other.not_solved

    def join(self) -> None:
        """One list of what came in many short ones."""
        self.answers, self.ends = [sorted(chain(*self.answers))], [sorted(chain(*self.ends))]


def report(opened: Iterable[tuple[date, Opened]], by: Period) -> list[Line]:
    """Lines by period, each category and then all of them together; at the end the sum of all periods."""
    groups = defaultdict[tuple[str, str], _Group](_Group)
    for day, line in opened:
        groups[period_of(day, by), line.category].enter(line)
    for (period, category), group in [*groups.items()]:
        group.join()
        for key in ((period, ALL), (ALL, category), (ALL, ALL)):
            groups[key].add(group)
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
        sum(map(len, answers)), rank(answers, 0.5), rank(answers, 0.9),
        sum(map(len, ends)), rank(ends, 0.5), rank(ends, 0.9),
        group.thanks, group.not_solved,
        group.ratings, group.rating_sum / group.ratings if group.ratings else None,
    )  # fmt: skip


def rank(runs: Sequence[list[float]], share: float) -> float | None:
    """The smallest of the values that at least this share of them does not pass (nearest rank).

    runs: the values in sorted lists. They are not put together: between a value that is too small and one that is large
    enough, the middle is tried, until few values are left.
    """
    ends = [*map(len, runs)]
    place, starts = max(0, -int(-share * sum(ends) // 1) - 1), [0] * len(runs)
    if not any(ends):
        return None
    if len(runs) == 1:
        return runs[0][place]
    low, high = min(run[0] for run in runs if run), max(run[-1] for run in runs if run)
    for _ in range(HALVINGS):
        if sum(ends) - sum(starts) <= FEW:
            break
        middle = (low + high) / 2
        cuts = [*map(bisect_right, runs, repeat(middle))]
        if sum(cuts) > place:
            high, ends = middle, cuts
        else:
            low, starts = middle, cuts
    return sorted(chain(*map(getitem, runs, map(slice, starts, ends))))[place - sum(starts)]
