"""What a supervisor should look at first: where a time is clearly longer, or customers are clearly less content, than
elsewhere. Told in a sentence each, the most pressing first; where nothing stands out, nothing is told."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gateway.store.lessons import Score
from gateway.store.reports import Line

FEWEST, FEWEST_SAID = 10, 5
"""Requests, and words of customers, that a comparison needs."""
LONGER = 1.5
"""Times as long as for all: stands out."""
LOWER = 0.4
"""Points of a rating below the mean."""
MANY = 0.02
"""Of our letters that do not arrive."""
OFTEN = 0.75
"""Of suggestions; where fewer are right, agents could teach."""
MOST = 6


class Standout(NamedTuple):
    """A sentence (reports.stands_...) and what stands in it: names of categories, numbers, and times in seconds."""

    name: str
    values: Mapping[str, Any]


class Now(NamedTuple):
    """How it stands at this moment."""

    alive: int
    old: int
    """Opened more than thirty days ago."""
    overdue: int
    written: int
    """Letters of the time of the report."""
    bounced: int


def standouts(now: Now, whole: Line | None, categories: Sequence[Line], scores: Sequence[Score]) -> list[Standout]:
    """whole: all requests of the time; None where there are none."""
    return [*_now(now), *(_of(whole, categories) if whole else ()), *_suggested(scores)][:MOST]


def is_long(value: float | None, usual: float | None, of: int) -> bool:
    """Whether a time of so many requests stands out."""
    return value is not None and bool(usual) and of >= FEWEST and value >= LONGER * (usual or 0)


def _now(now: Now) -> Iterator[Standout]:
    if now.overdue:
        yield Standout("overdue", {"n": now.overdue, "of": now.alive})
    if now.old:
        yield Standout("old", {"n": now.old, "of": now.alive})
    if now.bounced >= max(FEWEST_SAID, MANY * now.written):
        yield Standout("bounced", {"n": now.bounced, "of": now.written})


def _of(whole: Line, categories: Sequence[Line]) -> Iterator[Standout]:
    for name, of in (("first_answer", "answered"), ("resolution", "resolved")):
        usual: float | None = getattr(whole, f"{name}_p90")
        slow = [line for line in categories if is_long(getattr(line, f"{name}_p90"), usual, getattr(line, of))]
        if slow:
            worst = _most(slow, lambda line, name=name: getattr(line, f"{name}_p90"))  # type: ignore[misc]
            yield Standout(name, {"category": worst.category, "time": getattr(worst, f"{name}_p90"), "usual": usual})
    unsolved = [line for line in categories if line.thanks + line.not_solved >= FEWEST_SAID
                and _unsolved(line) >= LONGER * _unsolved(whole) > 0]
    if unsolved:
        worst = _most(unsolved, _unsolved)
        yield Standout("unsolved", {"category": worst.category, "n": worst.not_solved,
                                    "of": worst.thanks + worst.not_solved})
    disliked = [line for line in categories if line.ratings >= FEWEST_SAID
                and (line.rating_mean or 0) <= (whole.rating_mean or 0) - LOWER]
    if disliked:
        worst = _most(disliked, lambda line: -(line.rating_mean or 0))
        yield Standout("rating", {"category": worst.category, "mean": f"{worst.rating_mean:.1f}",
                                  "usual": f"{whole.rating_mean:.1f}"})


def _suggested(scores: Sequence[Score]) -> Iterator[Standout]:
    wrong = [each for each in scores if each.said >= FEWEST and each.right < OFTEN * each.said]
    if wrong:
        worst = min(wrong, key=lambda each: each.right / each.said)
        yield Standout("suggested", {"category": worst.category, "n": worst.right, "of": worst.said})


def _unsolved(line: Line) -> float:
    return line.not_solved / (line.thanks + line.not_solved) if line.thanks + line.not_solved else 0.0


def _most(lines: Sequence[Line], of: Callable[[Line], float]) -> Line:
    return max(lines, key=of)
