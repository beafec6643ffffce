"""The page of figures: what came in, how soon it was answered, what customers thought of it, what they begin to write.

Every picture has its figures in a table beside it. Who may see some queues only sees the figures of these.
"""

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, time, timedelta
from itertools import chain
from typing import Any, cast
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from markupsafe import Markup
from sqlalchemy.orm import Session as Db
from starlette.datastructures import QueryParams
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from gateway.desk import badges
from gateway.store import days, insights, lessons, reports
from gateway.store.reports import ALL, Line, Period
from gateway.web import charts
from gateway.web.login import Viewer, viewer_of
from gateway.web.rail import Seen, around, see
from gateway.web.sheets import Sheets
from gateway.web.standouts import Now, Standout, is_long, standouts
from gateway.web.words import Words, words
from gateway.web.workplace import Workplace

SPANS = (7, 28, 91, 365)
"""Days that are offered."""
USUAL = 28
LONGEST = timedelta(days=1100)
"""Each day of the time is looked at."""
FRESH = timedelta(minutes=5)
"""How long words that grow are not looked for again."""
FIRST_DAY = date(1990, 1, 1)
LARGEST_BY = {"day": 62, "week": 400}
"""Days that are shown day by day, and week by week; of more there are months."""
UNITS = (("days", 86_400, 3), ("hours", 3_600, 1), ("minutes", 60, 0))
"""Name, seconds, and from how many of them on it is used."""


Counts = tuple[int, ...]
"""By period."""


@dataclass(frozen=True, slots=True)
class Span:
    """From the beginning of one day to the end of another, in the site's zone."""

    first: date
    last: date
    by: Period
    zone: ZoneInfo

    @property
    def time(self) -> days.Span:
        since, until = (datetime.combine(day, time.min, self.zone) for day in (self.first, self.last + days.ONE_DAY))
        return days.Span(since, until, self.zone)


class GrownWords:
    """Words that grow, looked for among thousands of mails: what was found is good for some minutes."""

    def __init__(self) -> None:
        self._found: dict[object, tuple[datetime, list[insights.Grown]]] = {}

    def look(self, db: Db, now: datetime, until: datetime, queues: Collection[str] | None) -> list[insights.Grown]:
        key = until, None if queues is None else frozenset(queues)
        at, grown = self._found.get(key, (None, []))
        if at is None or not at <= now < at + FRESH:
            grown = insights.growing(db, until, queues)
            fresh = {each: found for each, found in self._found.items() if now < found[0] + FRESH}
            self._found = {**fresh, key: (now, grown)}  # another thread may just be looking
        return grown


def routes(place: Workplace, sheets: Sheets) -> APIRouter:
    """GET /reports and /reports.csv, both with ?first=&last=&by=."""
    router, grown = APIRouter(), GrownWords()

    @router.api_route("/reports", methods=["GET", "HEAD"])
    async def page(http_request: HttpRequest) -> Response:
        viewer = viewer_of(http_request)
        viewer.must("report")
        span, said = _span(place, http_request.query_params), words(viewer.language)
        await days.keep(place.database, span.time, place.now())

        def look(db: Db) -> dict[str, object]:
            rail = see(db, place, viewer)
            opened = days.opened(db, span.time, viewer.queues)
            letters = days.letters(db, span.time, viewer.queues)
            decided = days.decided(db, span.time, viewer.queues)
            return {
                "seen": insights.overview(opened, letters, span.time, span.by),
                "lines": reports.report(opened, span.by), "ages": insights.by_age(db, place.now(), viewer.queues),
                "corrections": insights.corrections(decided), "scores": lessons.scores(decided),
                "grown": grown.look(db, place.now(), span.time.until, viewer.queues),
                "queues": rail.lines, "rail": rail,
            }

        found = await place.database.read(look)
        frame = around(place, http_request, viewer, cast(Seen, found.pop("rail")))
        return sheets.answer("reports", viewer.language, 200, **frame,
                             **_drawn(said, viewer, span, found), span=span, spans=_spans(place, span))

    @router.get("/reports.csv")
    async def table(http_request: HttpRequest) -> Response:
        viewer = viewer_of(http_request)
        viewer.must("report")
        span = _span(place, http_request.query_params)
        await days.keep(place.database, span.time, place.now())
        opened = await place.database.read(lambda db: days.opened(db, span.time, viewer.queues))
        name = f"frontdesk-{span.first}-{span.last}.csv"
        return Response(_csv(reports.report(opened, span.by)), media_type="text/csv; charset=utf-8",
                        headers={"Content-Disposition": f'attachment; filename="{name}"'})

    return router


def _span(place: Workplace, query: QueryParams) -> Span:
    """What the address asks for; whatever makes no sense is the usual."""
    zone = ZoneInfo(place.site.timezone)
    today = place.now().astimezone(zone).date()
    last = min(_day(query.get("last", "")) or today, today)
    first = _day(query.get("first", "")) or last - timedelta(days=USUAL - 1)
    first = max(min(first, last), last - LONGEST, FIRST_DAY)
    length = (last - first).days + 1
    fitting = next((by for by, most in LARGEST_BY.items() if length <= most), "month")
    asked = query.get("by", "")
    is_fitting = asked in ("week", "month") or (asked == "day" and length <= LARGEST_BY["day"])
    return Span(first, last, cast(Period, asked if is_fitting else fitting), zone)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_DAY <= day <= date(2199, 1, 1) else None


def _spans(place: Workplace, span: Span) -> list[dict[str, object]]:
    today = place.now().astimezone(span.zone).date()
    found = [(length, today - timedelta(days=length - 1)) for length in SPANS]
    return [{"days": length, "href": f"/reports?first={first}&last={today}",
             "is_here": (first, today) == (span.first, span.last)} for length, first in found]


def _drawn(said: Words, viewer: Viewer, span: Span, found: dict[str, Any]) -> dict[str, object]:
    """The figures, and their pictures in the agent's language."""
    seen, lines = cast(insights.Overview, found["seen"]), cast(list[Line], found["lines"])
    whole = {line.period: line for line in lines if line.category == ALL}
    by_period = [whole.get(period) for period in seen.periods]
    named: dict[str, Counts] = {said.of("categories", each): counts for each, counts in seen.by_category.items()}
    drawn = _few(named, said("reports.others"))
    categories = sorted((line for line in lines if line.period == ALL != line.category),
                        key=lambda line: (-line.requests, line.category))
    alive, overdue = sum(found["ages"].values()), sum(line.overdue for line in found["queues"])
    now = Now(alive, found["ages"][insights.OLDER], overdue, seen.letters, seen.bounced)
    return {
        **found, "whole": whole.get(ALL), "categories": categories, "now": now,
        "a_day": seen.requests / ((span.last - span.first).days + 1),
        "standouts": [_told(said, each) for each in standouts(now, whole.get(ALL), categories, found["scores"])],
        "by_period": list(zip(seen.periods, by_period, strict=True)),
        "volume": charts.stacked(seen.periods, drawn), "series": list(named), "drawn": list(drawn),
        "first_answers": _times(said, seen.periods, by_period, "first_answer"),
        "resolutions": _times(said, seen.periods, by_period, "resolution"),
        "bar": charts.bar, "lapse": lambda seconds: _lapse(said, seconds), "is_long": is_long,
        "identity_of": lambda level: badges.level(level, viewer.language),
    }


def _few(series: Mapping[str, Counts], others: str) -> dict[str, Counts]:
    """As many as have a colour; what is seldom is taken together. series: the most frequent first."""
    if len(series) <= charts.COLOURS:
        return {**series}
    shown = list(series.items())[:charts.COLOURS - 1]
    return {**dict(shown), others: tuple(map(sum, zip(*list(series.values())[len(shown):], strict=True)))}


def _told(said: Words, standout: Standout) -> Markup:
    def tell(name: str, value: object) -> object:
        if name == "category":
            return said.of("categories", str(value))
        return _lapse(said, value) if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else value

    told = {name: tell(name, value) for name, value in standout.values.items()}
    return said(f"reports.stands_{standout.name}", **told)


def _times(said: Words, periods: Sequence[str], lines: Sequence[Line | None], of: str) -> Markup:
    """Median and 90th percentile, in the unit that suits them."""
    found = {name: [getattr(line, f"{of}_{name}", None) for line in lines] for name in ("median", "p90")}
    unit, seconds = _unit(max((each for each in chain(*found.values()) if each), default=UNITS[1][1]))
    series: dict[str, list[float | None]] = {
        said(f"reports.{name}"): [None if each is None else each / seconds for each in values]
        for name, values in found.items()}
    return charts.lines(periods, series, lambda value: str(said(f"time.{unit}", n=f"{value:,.0f}")))


def _unit(seconds: float) -> tuple[str, int]:
    return next(((name, length) for name, length, fewest in UNITS if seconds >= fewest * length), UNITS[-1][:2])


def _lapse(said: Words, seconds: float | None) -> str:
    """2.6 hours, 4.7 days, 12 minutes."""
    if seconds is None:
        return "–"
    unit, length = _unit(seconds)
    number = f"{seconds / length:.0f}" if unit == "minutes" else f"{seconds / length:,.1f}"
    return str(said(f"time.{unit}", n=number))


def _csv(lines: Sequence[Line]) -> bytes:
    """With a mark in front by which spreadsheets know that it is UTF-8."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [field.name for field in fields(Line)], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(asdict(line) | {"category": _no_formula(line.category)} for line in lines)
    return out.getvalue().encode("utf-8-sig")


def _no_formula(words: str) -> str:
    """Any agent makes up a category: a spreadsheet shall not reckon with it."""
    return f"'{words}" if words.startswith(("=", "+", "-", "@")) else words
