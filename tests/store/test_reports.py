"""Figures for improving the service, on both databases."""

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session as Db

from gateway.models import Customer, Figure, Request
from gateway.store import days
from gateway.store.database import Database
from gateway.store.days import Span
from gateway.store.reports import Line, rank, report

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SEOUL = ZoneInfo("Asia/Seoul")


def opened(db: Db, serial: int, at: datetime, category: str = "technical", answered: float | None = None,
           resolved: float | None = None, said: tuple[int, ...] = (), **more: object) -> None:
    """A request opened then, answered and resolved so many hours later; said: 1 for thanks, 0 for not solved."""
    customer = Customer(address=f"c{serial}@example.org", created_at=at)
    db.add(customer)
    db.flush()
    request = Request(number=f"FD-2026-{serial:07d}", customer_id=customer.id or 0, category=category, created_at=at,
                      changed_at=at, answered_at=at + timedelta(hours=answered) if answered else None,
                      resolved_at=at + timedelta(hours=resolved) if resolved else None, **more)
    db.add(request)
    db.flush()
    db.add_all(Figure(at=at, request_id=request.id or 0, name="feedback", value=value) for value in said)


def some_requests(db: Db) -> None:
    opened(db, 1, MONDAY, answered=1, resolved=10, said=(0, 1), rating=5)
    opened(db, 2, MONDAY, answered=3, resolved=20, said=(0,), rating=2)
    opened(db, 3, MONDAY, answered=2)
    opened(db, 4, MONDAY, category="complaint")
    opened(db, 5, MONDAY + timedelta(hours=8), category="complaint")  # already Tuesday in Seoul


async def lines(database: Database, by: str, zone: ZoneInfo = SEOUL) -> dict[tuple[str, str], Line]:
    await database.write(some_requests)
    since, until = MONDAY - timedelta(days=7), MONDAY + timedelta(days=7)
    found = report(await database.read(lambda db: days.opened(db, Span(since, until, zone))), by)  # type: ignore[arg-type]
    return {(line.period, line.category): line for line in found}


async def test_a_line_counts_times_and_feedback_of_its_category(database: Database) -> None:
    technical = (await lines(database, "day"))["2026-11-23", "technical"]
    assert technical == Line(
        "2026-11-23", "technical", requests=3, answered=3, first_answer_median=2 * 3600, first_answer_p90=3 * 3600,
        resolved=2, resolution_median=10 * 3600, resolution_p90=20 * 3600, thanks=1, not_solved=2, ratings=2,
        rating_mean=3.5)


async def test_days_are_days_of_the_site(database: Database) -> None:
    found = await lines(database, "day")
    assert found["2026-11-23", "complaint"].requests == 1
    assert found["2026-11-24", "complaint"].requests == 1


@pytest.mark.parametrize(("by", "period"), [("week", "2026-W48"), ("month", "2026-11")])
async def test_weeks_and_months_take_days_together(database: Database, by: str, period: str) -> None:
    found = await lines(database, by)
    assert [key for key in found if key[1] == "all"] == [(period, "all"), ("all", "all")]
    assert found[period, "all"].requests == 5


async def test_where_nothing_was_answered_there_is_no_time(database: Database) -> None:
    complaint = (await lines(database, "month"))["all", "complaint"]
    assert (complaint.answered, complaint.first_answer_median, complaint.rating_mean) == (0, None, None)


async def test_requests_outside_the_span_are_left_out(database: Database) -> None:
    await database.write(some_requests)
    later = MONDAY + timedelta(hours=8)
    span = Span(later, later + timedelta(days=1), SEOUL)
    found = report(await database.read(lambda db: days.opened(db, span)), "day")
    assert [line.requests for line in found] == [1, 1, 1, 1]


def test_the_median_of_four_is_the_second() -> None:
    assert rank([[1.0, 3.0], [], [2.0, 4.0]], 0.5) == 2.0


def test_the_ninetieth_of_ten_is_the_ninth() -> None:
    assert rank([[float(n)] for n in range(1, 11)], 0.9) == 9.0


def test_of_nothing_there_is_no_rank() -> None:
    assert rank([], 0.5) is None
    assert rank([[], []], 0.5) is None


TIMES = st.one_of(st.floats(-1e3, 1e9, allow_nan=False), st.sampled_from((0.0, 1e-6, 60.0, 7200.0)))


@given(st.lists(st.lists(TIMES, max_size=300), min_size=1, max_size=8), st.sampled_from((0.01, 0.5, 0.9, 1.0)),
       st.integers(0, 400))
def test_values_in_many_lists_have_the_rank_that_they_have_in_one(runs: list[list[float]], share: float,
                                                                  equal: int) -> None:
    runs.append([0.0] * equal)
    whole = sorted(value for run in runs for value in run)
    assert rank([sorted(run) for run in runs], share) == (whole[math.ceil(share * len(whole)) - 1] if whole else None)
