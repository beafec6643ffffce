"""What stands around every page of the desk: the queues with their counts, the views, who is logged in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session as Db
from starlette.requests import Request as HttpRequest

from gateway.store import queue
from gateway.store.queue import QueueLine
from gateway.store.statement import rows
from gateway.web.login import Viewer
from gateway.web.moments import Moments
from gateway.web.words import Words, all_words, words
from gateway.web.workplace import Workplace

THEMES = {"": "dark", "dark": "light", "light": "system"}
"""The colours that a page has -> those that its button leads to; "" is what the system says."""
ALONE = "/rail"
"""Where a page asks for the rail and nothing else, when something happened."""
LONGEST = 2000
"""Characters of the address of a page."""
THEME = "theme"
"""The cookie that remembers them."""


@dataclass(frozen=True, slots=True)
class Way:
    """A link of the rail."""

    name: str
    href: str
    is_here: bool
    icon: str = ""
    waiting: int = 0
    overdue: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """What the store held when a page was drawn. newest: id of the last decision, by which a page that begins to listen
    knows whether it has missed something."""

    lines: Sequence[QueueLine]
    newest: int


def see(db: Db, place: Workplace, viewer: Viewer) -> Seen:
    """The queues that the viewer sees."""
    newest = rows(db, "SELECT max(id) FROM history", {}).scalar() or 0
    return Seen(queue.counts(db, place.now(), viewer.queues), newest)


def around(place: Workplace, http_request: HttpRequest, viewer: Viewer, seen: Seen) -> dict[str, Any]:
    """What page.html and rail.html need, whatever the page."""
    said, here = words(viewer.language), here_of(http_request)
    theme = http_request.cookies.get(THEME, "")
    theme = theme if theme in THEMES else ""
    moments = Moments(place.now(), ZoneInfo(place.site.timezone), said)
    return {
        "viewer": viewer, "here": here, "theme": theme, "next_theme": THEMES[theme], "live": True,
        "rail": f"{ALONE}?{urlencode({'here': here})}",
        "other_language": next((each for each in all_words() if each != said.language), "en"),
        "moments": moments, "moment": moments.mark,
        "views": views(said, viewer, here), "queue_lines": [_queue(said, each, here) for each in seen.lines],
        "newest": seen.newest,
    }


def here_of(http_request: HttpRequest) -> str:
    """The page that was asked for and with what, save what is told once; of a form, the page that it is on; of the rail
    alone, the page around which it stands."""
    path, query = http_request.url.path, http_request.query_params
    if path == ALONE:
        return query.get("here", "")[:LONGEST]
    if http_request.method == "POST":
        return path.rpartition("/")[0] or "/"
    kept = [(name, value) for name, value in query.multi_items() if name not in ("again", "upload")]
    return f"{path}?{urlencode(kept)}" if kept else path


def views(said: Words, viewer: Viewer, here: str) -> list[Way]:
    ways = [("mine", {"owner": viewer.agent}, "user"), ("all", {}, "inbox"), ("overdue", {"overdue": "1"}, "flame"),
            ("held", {"held": "1"}, "shield-question-mark"), ("pending", {"state": "pending"}, "hourglass")]
    shown = [_way(said(f"desk.{name}"), f"/?{urlencode(query)}" if query else "/", here, icon)
             for name, query, icon in ways]
    reports = [_way(said("desk.reports"), "/reports", here, "chart-column")] if viewer.may("report") else []
    return shown + reports


def _way(name: str, href: str, here: str, icon: str) -> Way:
    return Way(name, href, here == href, icon)


def _queue(said: Words, line: QueueLine, here: str) -> Way:
    href = f"/?{urlencode({'queue': line.queue})}"
    return Way(said.of("queues", line.queue), href, here == href, "", line.waiting, line.overdue)
