"""What happens is told at once: server-sent events (WHATWG HTML section 9.2) for pages and programs.

One look at the database a second, while anybody listens, finds what this or any other process has done: the history has
a line for each decision. Whoever reads slowly gets the latest state, not a backlog, and everybody hears only of the
queues they see. An event says which requests changed and how much waits; the page asks for the rest itself.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import structlog
from fastapi import APIRouter
from sqlalchemy import func, select
from sqlalchemy.orm import Session as Db
from starlette.requests import Request as HttpRequest
from starlette.responses import Response, StreamingResponse

from gateway.models import History, Request, columns
from gateway.store import queue
from gateway.store.queue import QueueLine
from gateway.web.api import BASE
from gateway.web.login import Viewer, viewer_of
from gateway.web.problems import Problem
from gateway.web.workplace import Workplace

log = structlog.get_logger()

HISTORY, REQUEST = columns(History), columns(Request)
EVERY = 1.0
"""Seconds between two looks."""
ANEW = 15
"""Looks after which the counts are looked at in any case: what is overdue changes by the clock alone."""
SILENCE = 15.0
"""Seconds after which something is said to whoever listens, so that both sides know of each other."""
STILL_HERE = 5.0
"""Seconds after which we ask again whether a listener may still listen."""
MOST, MOST_OF_ONE = 300, 12
"""Listeners in all, and of one agent."""
MOST_TOLD = 100
"""Requests that one event names."""
MOST_READ = 2000
"""Lines of the history that one look reads."""
OVERLAP = 200
"""Lines of the history that are looked at again: of two transactions the later line may be seen first."""


class Change(NamedTuple):
    """A line of the history, and the request that it is about."""

    id: int
    queue: str
    number: str


@dataclass(eq=False, slots=True)
class Listener:
    """Somebody who listens, and what they have not heard yet: by queue, the numbers of what changed."""

    viewer: Viewer
    news: dict[str, set[str]] = field(default_factory=dict)
    rings: asyncio.Event = field(default_factory=asyncio.Event)

    def hears(self, queue: str, numbers: set[str]) -> None:
        if self.viewer.sees(queue):
            self.news.setdefault(queue, set()).update(numbers)
            self.rings.set()


class Streams:
    """All listeners of one window."""

    def __init__(self, workplace: Workplace) -> None:
        self.workplace = workplace
        self._listeners: set[Listener] = set()
        self._looks: asyncio.Task[None] | None = None
        self._counts: dict[str, QueueLine] = {}
        self._seen: set[int] = set()
        self._is_closed = False

    def close(self) -> None:
        """Every stream ends now."""
        self._is_closed = True
        if self._looks is not None:
            self._looks.cancel()
        for each in self._listeners:
            each.rings.set()

    async def listen(self, viewer: Viewer, anew: Callable[[], Awaitable[Viewer | None]]) -> AsyncIterator[bytes]:
        """Events for one viewer, as octets, until they go, or we close. Raises Problem.

        anew: who it is by now, with the queues they may see by now; None when nobody any more.
        """
        of_one = sum(each.viewer.agent == viewer.agent for each in self._listeners)
        if len(self._listeners) >= MOST or of_one >= MOST_OF_ONE:
            raise Problem("crowded", "Too many pages listen at once.", Retry_After="30")
        return self._tell(Listener(viewer), anew)

    async def _tell(self, listener: Listener, anew: Callable[[], Awaitable[Viewer | None]]) -> AsyncIterator[bytes]:
        self._listeners.add(listener)
        try:
            await self._begin()
            yield f"retry: 3000\nevent: hello\ndata: {max(self._seen, default=0)}\n: hello\n\n".encode()
            asked = asyncio.get_running_loop().time()
            while not self._is_closed:
                with suppress(TimeoutError):
                    await asyncio.wait_for(listener.rings.wait(), SILENCE)
                now = asyncio.get_running_loop().time()
                if now - asked > STILL_HERE:
                    asked = now
                    viewer = await anew()
                    if viewer is None:
                        return
                    listener.viewer = viewer
                yield self._news(listener) or b": still here\n\n"
        finally:
            self._listeners.discard(listener)

    def _news(self, listener: Listener) -> bytes:
        news, listener.news = listener.news, {}
        listener.rings.clear()
        return b"".join(self._event(name, numbers) for name, numbers in sorted(news.items())
                        if listener.viewer.sees(name))

    def _event(self, name: str, numbers: set[str]) -> bytes:
        line = self._counts.get(name)
        told = {"queue": name, "waiting": line.waiting if line else 0, "overdue": line.overdue if line else 0,
                "changed": sorted(numbers)[:MOST_TOLD]}
        return b"event: queue\ndata: " + json.dumps(told).encode() + b"\n\n"

    # ---- looking ----

    async def _begin(self) -> None:
        if self._looks is None or self._looks.done():
            rows, self._counts = await self.workplace.database.read(self._now)
            self._seen = {row.id for row in rows}
            self._looks = asyncio.create_task(self._look_on())

    async def _look_on(self) -> None:
        """Until nobody listens any more."""
        looks = 0
        while self._listeners and not self._is_closed:
            await asyncio.sleep(EVERY)
            looks += 1
            try:
                rows, counts = await self.workplace.database.read(partial(self._look, looks % ANEW == 0))
            except Exception as error:  # the edge to the store: it may be away for a while
                log.warning("the stream cannot look", error=str(error))
            else:
                self._spread(self._sift(rows), counts)

    def _now(self, db: Db) -> tuple[list[Change], dict[str, QueueLine]]:
        newest = db.scalar(select(func.max(HISTORY.id))) or 0
        return self._changes(db, newest), self._count(db)

    def _look(self, anew: bool, db: Db) -> tuple[list[Change], dict[str, QueueLine] | None]:
        """The newest lines of the history, and the counts where they may have changed."""
        rows = self._changes(db, max(self._seen, default=0))
        is_new = any(row.id not in self._seen for row in rows)
        return rows, self._count(db) if is_new or anew else None

    def _changes(self, db: Db, after: int) -> list[Change]:
        query = (select(HISTORY.id, REQUEST.queue, REQUEST.number).join(Request, REQUEST.id == HISTORY.request_id)
                 .where(HISTORY.id > after - OVERLAP).order_by(HISTORY.id).limit(MOST_READ))
        return [Change(*row) for row in db.execute(query)]

    def _sift(self, rows: list[Change]) -> dict[str, set[str]]:
        """By queue, the requests with lines that were not seen yet."""
        changed: dict[str, set[str]] = {}
        for row in rows:
            if row.id not in self._seen:
                changed.setdefault(row.queue, set()).add(row.number)
        newest = max((row.id for row in rows), default=0)
        self._seen = {row.id for row in rows if row.id > newest - OVERLAP}
        return changed

    def _count(self, db: Db) -> dict[str, QueueLine]:
        return {line.queue: line for line in queue.counts(db, self.workplace.now())}

    def _spread(self, changed: dict[str, set[str]], counts: dict[str, QueueLine] | None) -> None:
        if counts is not None:
            other = {name for name in {*counts, *self._counts} if counts.get(name) != self._counts.get(name)}
            self._counts = counts
            changed = {**{name: set[str]() for name in other}, **changed}
        for listener in self._listeners:
            for name, numbers in changed.items():
                listener.hears(name, numbers)


def routes(streams: Streams, anew: Callable[[HttpRequest], Awaitable[Viewer | None]]) -> APIRouter:
    """GET /events and /api/v1/events."""
    router = APIRouter()

    @router.get("/events")
    @router.get(f"{BASE}/events")
    async def events(http_request: HttpRequest) -> Response:
        viewer = viewer_of(http_request)
        viewer.must("read")
        octets = await streams.listen(viewer, lambda: anew(http_request))
        return StreamingResponse(octets, headers={"X-Accel-Buffering": "no"}, media_type="text/event-stream")

    return router
