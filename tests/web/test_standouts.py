"""What a supervisor is told first: what is clearly worse than the rest, and nothing where nothing is."""

from dataclasses import replace

import pytest

from gateway.store.lessons import Score
from gateway.store.reports import Line
from gateway.web.standouts import Now, standouts
from gateway.web.words import all_words

CALM = Now(alive=10, old=0, overdue=0, written=100, bounced=1)
WHOLE = Line("all", "all", requests=100, answered=90, first_answer_median=3600.0, first_answer_p90=7200.0, resolved=80,
             resolution_median=36_000.0, resolution_p90=72_000.0, thanks=40, not_solved=10, ratings=40, rating_mean=4.0)
"""Every category is like this one."""
EVERY = ("overdue", "old", "bounced", "first_answer", "resolution", "unsolved", "rating", "suggested")


def told(*categories: Line, now: Now = CALM, scores: tuple[Score, ...] = ()) -> list[tuple[str, object]]:
    found = standouts(now, WHOLE, categories, scores)
    return [(name, values.get("category", values.get("n"))) for name, values in found]


def of(category: str, **figures: object) -> Line:
    return replace(WHOLE, category=category, **figures)  # type: ignore[arg-type]


def test_where_all_are_alike_nothing_is_told() -> None:
    assert told(of("technical"), of("policy"), scores=(Score("policy", 40, 39),)) == []


@pytest.mark.parametrize(("name", "figures"), [
    ("first_answer", {"first_answer_p90": 10_800.0}), ("resolution", {"resolution_p90": 108_000.0}),
    ("unsolved", {"thanks": 6, "not_solved": 4}), ("rating", {"rating_mean": 3.6})])
def test_a_category_that_is_clearly_worse_is_told(name: str, figures: dict[str, float]) -> None:
    assert told(of("technical"), of("policy", **figures)) == [(name, "policy")]


@pytest.mark.parametrize("figures", [
    {"first_answer_p90": 10_800.0, "answered": 9}, {"resolution_p90": 108_000.0, "resolved": 9},
    {"thanks": 0, "not_solved": 4}, {"rating_mean": 1.0, "ratings": 4}, {"first_answer_p90": None, "answered": 0}])
def test_a_few_requests_are_chance(figures: dict[str, float]) -> None:
    assert told(of("policy", **figures)) == []


def test_of_several_the_worst_is_told() -> None:
    slow = [of(name, first_answer_p90=hours * 3600.0) for name, hours in (("a", 5), ("b", 9), ("c", 6))]
    assert told(*slow) == [("first_answer", "b")]


def test_what_waits_now_comes_first() -> None:
    now = Now(alive=10, old=2, overdue=3, written=100, bounced=5)
    assert told(of("a", rating_mean=1.0), now=now, scores=(Score("b", 20, 10),)) == [
        ("overdue", 3), ("old", 2), ("bounced", 5), ("rating", "a"), ("suggested", "b")]


def test_without_a_request_only_the_present_is_told() -> None:
    assert [each.name for each in standouts(CALM._replace(overdue=1), None, [], [])] == ["overdue"]


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("name", EVERY)
def test_each_has_a_sentence(language: str, name: str) -> None:
    values = {"n": 1, "of": 2, "category": "x", "time": "1", "usual": "2", "mean": "3"}
    assert "{" not in all_words()[language](f"reports.stands_{name}", **values)
