"""The list that agents look at all day: what waits, the most urgent first, through filters and by words.

Every filter stands in the address, so a list can be kept, sent and gone back to; what comes in appears by itself
(web/stream tells, htmx asks for the list again and changes only what differs).
"""

from collections.abc import Collection
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from sqlalchemy.orm import Session as Db
from starlette.datastructures import QueryParams
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from gateway.store import agents, queue
from gateway.store.database import storable
from gateway.store.queue import Filter
from gateway.web import choices, login
from gateway.web.lines import Lines
from gateway.web.login import Viewer, viewer_of
from gateway.web.rail import ALONE, Seen, around, see
from gateway.web.sheets import Sheets
from gateway.web.told import goes_on, heard, told
from gateway.web.words import Words, words
from gateway.web.workplace import Workplace

LINES = 50
"""Lines of a page."""
LONGEST = 200
"""Characters of a filter."""
NOBODY = "-"
"""In the address: the requests that nobody has."""
FILTERS = ("queue", "state", "category", "owner", "identity", "language", "words")


def routes(place: Workplace, sheets: Sheets) -> APIRouter:
    """GET /, GET /rail, POST /next."""
    router, lines = APIRouter(), Lines(sheets, ZoneInfo(place.site.timezone))

    @router.api_route("/", methods=["GET", "HEAD"])
    async def listing(http_request: HttpRequest) -> Response:
        viewer = viewer_of(http_request)
        viewer.must("read")
        filter, after = filter_of(http_request.query_params), http_request.query_params.get("after", "")[:LONGEST]

        def look(db: Db) -> tuple[Seen, queue.Page, list[str]]:
            seen = see(db, place, viewer)
            return seen, _page(db, place, filter, after, _looked_through(filter, seen, viewer)), agents.names(db)

        seen, page, names = await place.database.read(look)
        said, done = words(viewer.language), heard(http_request, viewer)
        frame = around(place, http_request, viewer, seen) | {"rail": ""}  # which comes with the list
        return told(sheets.answer(
            "queue", viewer.language, 200, **frame, filter=filter,
            title=_title(said, filter, viewer),
            summary=None if filter.is_narrow or filter.words else _summary(seen, filter),
            may_work=viewer.may("work"), notice=_notice(said, done), after=after,
            lines=lines.drawn(page.lines, frame["moments"]),
            choices=_choices(place, said, filter, names), is_filtered=filter.is_narrow or bool(filter.words),
            bare=_address(Filter(queue=filter.queue)), first=_address(filter),
            next=_address(filter, page.next) if page.next else ""), done)

    @router.api_route(ALONE, methods=["GET", "HEAD"])
    async def rail(http_request: HttpRequest) -> Response:
        viewer = viewer_of(http_request)
        viewer.must("read")
        seen = await place.database.read(lambda db: see(db, place, viewer))
        return sheets.answer("rail", viewer.language, 200, **around(place, http_request, viewer, seen))

    @router.post("/next")
    async def take(http_request: HttpRequest) -> Response:
        viewer = viewer_of(http_request)
        viewer.must("work")
        wanted = (await login.read_form(http_request)).get("queue", "")
        request = await place.acts.within(viewer.queues).next(wanted or None, viewer.agent)
        if request is None:
            back = f"?{urlencode({'queue': wanted})}" if wanted else ""
            return goes_on(http_request, viewer, "/", "nothing", back)
        return goes_on(http_request, viewer, f"/requests/{request.number}", "claimed")

    return router


def filter_of(query: QueryParams) -> Filter:
    """The filter that an address speaks of; what it does not know it leaves out."""
    given = {name: storable(query.get(name, ""))[:LONGEST].strip() for name in FILTERS}
    owner = given.pop("owner")
    return Filter(owner={"": None, NOBODY: ""}.get(owner, owner), overdue=query.get("overdue") == "1",
                  held=query.get("held") == "1", **given)


def _looked_through(filter: Filter, seen: Seen, viewer: Viewer) -> Collection[str] | None:
    """The queues in which there may be something: of what lives we have just counted them."""
    return viewer.queues if filter.words or filter.is_by_age else [each.queue for each in seen.lines]


def _page(db: Db, place: Workplace, filter: Filter, after: str, queues: Collection[str] | None) -> queue.Page:
    try:
        return queue.page(db, filter, place.now(), LINES, after, queues)
    except queue.BadCursor:  # an address that somebody made up: the list from its beginning
        return queue.page(db, filter, place.now(), LINES, "", queues)


def _address(filter: Filter, after: str = "") -> str:
    query = {name: value for name in FILTERS if (value := getattr(filter, name))}
    if filter.owner == "":
        query["owner"] = NOBODY
    query |= {name: "1" for name in ("overdue", "held") if getattr(filter, name)}
    query |= {"after": after} if after else {}
    return f"/?{urlencode(query)}" if query else "/"


def _title(said: Words, filter: Filter, viewer: Viewer) -> str:
    if filter.words:
        return said("queue.found", words=filter.words)
    if filter.queue:
        return said.of("queues", filter.queue)
    if filter.held or filter.overdue:
        return said("desk.held" if filter.held else "desk.overdue")
    if filter.owner is not None:
        return said("desk.mine") if filter.owner == viewer.agent else filter.owner or said("queue.nobody")
    if filter.state:
        return said.of("states", filter.state)
    return said.of("categories", filter.category) if filter.category else said("desk.all")


def _summary(seen: Seen, filter: Filter) -> dict[str, Any]:
    mine = [each for each in seen.lines if filter.queue in ("", each.queue)]
    return {"waiting": sum(each.waiting for each in mine), "overdue": sum(each.overdue for each in mine),
            "oldest": min((each.oldest for each in mine if each.oldest), default=None)}


def _notice(said: Words, done: str) -> dict[str, object] | None:
    if done != "nothing":
        return None
    return {"tone": "quiet", "icon": "inbox", "words": said("queue.nothing_next")}


def _choices(place: Workplace, said: Words, filter: Filter, names: list[str]) -> list[dict[str, Any]]:
    """The selects above the list."""
    desk = place.acts.desk
    owners = [("", said("queue.anybody")), (NOBODY, said("queue.nobody")), *((name, name) for name in names)]
    owner = "" if filter.owner is None else filter.owner or NOBODY
    state = filter.state or ("any" if filter.words else "alive")
    return [
        {"name": "state", "label": said("queue.state"), "value": state, "is_set": bool(filter.state),
         "options": choices.options(said, "states", choices.STATES)},
        _choice(said, "category", filter.category, choices.options(said, "categories", choices.categories(desk))),
        {"name": "owner", "label": said("queue.owner"), "value": owner, "is_set": filter.owner is not None,
         "options": owners},
        _choice(said, "identity", filter.identity, choices.options(said, "identity", choices.IDENTITIES)),
        _choice(said, "language", filter.language, choices.options(said, "languages", place.site.languages)),
    ]


def _choice(said: Words, name: str, value: str, options: list[tuple[object, object]]) -> dict[str, Any]:
    section = {"category": "categories", "language": "languages"}.get(name, name)
    return {"name": name, "label": said(f"queue.{name}"), "value": value, "is_set": bool(value),
            "options": [("", said(f"{section}.any")), *options]}


