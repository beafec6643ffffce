"""The API about figures: how much came in, how soon it was answered and resolved, what customers said."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query

from gateway.store import days, reports
from gateway.web.api import Who
from gateway.web.api_values import Value
from gateway.web.problems import Problem
from gateway.web.workplace import Workplace

LONGEST = timedelta(days=1100)
"""Of a report: each day in it is looked at."""


class ReportLine(Value):
    """One period and category. Times are seconds; null where there is nothing to take it from."""

    period: str
    category: str
    """"all" stands for every one of them."""
    requests: int
    answered: int
    first_answer_median: float | None
    first_answer_p90: float | None
    resolved: int
    resolution_median: float | None
    resolution_p90: float | None
    thanks: int
    not_solved: int
    ratings: int
    rating_mean: float | None


class Report(Value):
    items: list[ReportLine]


def routes(workplace: Workplace) -> APIRouter:
    """GET /reports."""
    router = APIRouter(tags=["figures"])

    @router.get("/reports")
    async def report(viewer: Who, since: Annotated[date, Query()], until: Annotated[date, Query(description=(
            "The first day that is not in it"))], by: Literal["day", "week", "month"] = "week") -> Report:
        """Requests opened between two days, by period and category."""
        viewer.must("report")
        zone = ZoneInfo(workplace.site.timezone)
        if not date(1970, 1, 1) <= since <= until <= date(2199, 1, 1) or until - since > LONGEST:
            raise Problem("bad-period", f"`until` comes after `since`, at most {LONGEST.days} days.")
        begin, end = (datetime.combine(day, time.min, zone) for day in (since, until))
        span = days.Span(begin, end, zone)
        await days.keep(workplace.database, span, workplace.now())
        opened = await workplace.database.read(lambda db: days.opened(db, span, viewer.queues))
        return Report(items=[ReportLine.model_validate(line) for line in reports.report(opened, by)])

    return router
