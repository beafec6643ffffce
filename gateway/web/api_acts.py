"""The API's acting side: what agents do with a request, one route for each act of desk/acts.

What may send a letter needs the scope `send`. What changes a request needs If-Match; an answer says what was read
(`seen`) instead, and a claim, its renewal and a note contradict nobody.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field
from sqlalchemy.orm import Session as Db
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from gateway.desk.acts import Acts
from gateway.desk.roles import RightName
from gateway.desk.staff import login_name
from gateway.models import Entry, Request
from gateway.web.api import Asked, Key, Match, Number, Who, version
from gateway.web.api_requests import one_entry, whole
from gateway.web.api_values import EntryValue, Heard, Id, Name, RequestValue, Text, Value, Word
from gateway.web.login import Viewer, viewer_of
from gateway.web.problems import Problem
from gateway.web.workplace import Workplace

MOST_FILES = 20
Saying = Literal["answer", "question", "note"]
Act = Callable[[Acts], Awaitable[Any]]


class NextWish(Heard):
    queue: Name | None = None
    """From this queue only."""


class ClaimWish(Heard):
    take_over: bool = False
    """Also from an agent who works on it: it stands in the history."""


class SayingWish(Heard):
    """What is said. An answer or question goes to the customer by mail."""

    kind: Saying
    text: Text
    seen: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    """`seen` of the request as you read it; needed for answer and question: refused when the customer wrote since."""
    uploads: list[Id] = Field(default=[], max_length=MOST_FILES)
    """Files that go along: ids of POST /uploads."""
    undoable: bool = False
    """The letter waits ten seconds, in which .../undo takes it back."""
    quotes: bool = True
    """The customer's last mail stands below the words."""


class PreviewWish(Heard):
    kind: Literal["answer", "question"]
    text: Text
    uploads: list[Id] = Field(default=[], max_length=MOST_FILES)
    quotes: bool = True


class PreviewValue(Value):
    """The letter as the customer would see it; nothing is kept or sent."""

    recipient: str
    subject: str
    text: str
    html: str


class ReleaseWish(Heard):
    join: Word | None = None
    """What was held belongs to this request."""


class QueueWish(Heard):
    queue: Name
    take_over: bool = False
    """Also from an agent who works on it: it stands in the history. Else it is 409 `taken`."""


class PriorityWish(Heard):
    priority: Annotated[int, Field(ge=1, le=5)]
    """1 (can wait) to 5 (now)."""


class CategoryWish(Heard):
    category: Name


class AssignWish(Heard):
    agent: Word
    """"" is nobody in particular."""
    take_over: bool = False
    """To yourself or nobody also from an agent who works on it: it stands in the history. Else it is 409 `taken`."""


class MergeWish(Heard):
    into: Word
    """The number of the request that this becomes part of."""


class SplitWish(Heard):
    entry: Id
    """The mail that becomes a request of its own."""


class VerifyWish(Heard):
    because: Annotated[Word, Field(min_length=1)]
    """The reason: it stands in the history, with your name."""
    rejects: bool = False
    """It is not this person."""


class UploadValue(Value):
    """A file that waits for its answer, for a day."""

    id: int
    filename: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks, and by which http request."""

    viewer: Viewer
    http_request: HttpRequest


def _call(http_request: HttpRequest) -> Call:
    return Call(viewer_of(http_request), http_request)


Caller = Annotated[Call, Depends(_call)]


class Counter:
    """Where acts are asked for: checks the right, lets it be done, shows what came of it."""

    def __init__(self, workplace: Workplace) -> None:
        self.workplace = workplace

    async def act(self, who: "Call", right: RightName, act: Act, key: str | None = None,
                  match: str | None = "*") -> Response:
        """Let it be done by whom it may, on the condition they name, once."""
        who.viewer.must(right)
        asked = Asked(self.workplace, who.viewer, who.http_request, key, match)
        return await asked.done(act, lambda done: self.show(who.viewer, done))

    async def show(self, viewer: Viewer, done: Request | Entry) -> Response:
        """The request or entry as it is now, with the request's ETag."""
        def look(db: Db) -> tuple[Value, str]:
            if isinstance(done, Entry):
                return one_entry(db, done), version(db, db.get_one(Request, done.request_id))
            return whole(db, viewer, db.get_one(Request, done.id))

        value, etag = await self.workplace.database.read(look)
        return _json(value, 201 if isinstance(done, Entry) and done.withdrawn_at is None else 200, ETag=etag)


def _json(value: Value, status: int = 200, **headers: str) -> Response:
    return Response(value.model_dump_json(), status, headers, media_type="application/json")


def routes(workplace: Workplace) -> APIRouter:
    """POST below /requests, and /uploads."""
    router = APIRouter(tags=["acts"])
    counter = Counter(workplace)
    _claims(router, counter)
    _sayings(router, counter)
    _placing(router, counter)
    _uploads(router, workplace)
    return router


def _claims(router: APIRouter, counter: Counter) -> None:
    @router.post("/requests/next", response_model=RequestValue, responses={204: {"description": "Nothing waits"}})
    async def take_next(who: Caller, wish: NextWish | None = None) -> Response:
        """Claim the most urgent request: nobody else gets the same."""
        who.viewer.must("work")
        acts = counter.workplace.acts.within(who.viewer.queues)
        request = await acts.next(wish.queue if wish else None, who.viewer.agent)
        return await counter.show(who.viewer, request) if request else Response(status_code=204)

    @router.post("/requests/{number}/claim", response_model=RequestValue)
    async def claim(who: Caller, number: Number, wish: ClaimWish | None = None) -> Response:
        """Take it; from another agent who works on it only by take_over."""
        takes_over = bool(wish and wish.take_over)
        return await counter.act(who, "work",
                                 lambda acts: acts.claim(number, who.viewer.agent, takes_over))

    @router.post("/requests/{number}/renew", response_model=RequestValue)
    async def renew(who: Caller, number: Number) -> Response:
        """You work on it still: the lease begins anew."""
        return await counter.act(who, "work", lambda acts: acts.renew(number, who.viewer.agent))

    @router.post("/requests/{number}/release", response_model=RequestValue)
    async def release(who: Caller, number: Number, wish: ReleaseWish | None = None,
                      match: Match = None) -> Response:
        """Give it back; or decide over a held one: it stands for itself, or joins another, which is answered."""
        join = wish.join if wish else None
        return await counter.act(who, "decide" if join else "work",
                                 lambda acts: acts.release(number, who.viewer.agent, join), match=match)

    @router.post("/requests/{number}/assign", response_model=RequestValue)
    async def assign(who: Caller, number: Number, wish: AssignWish,
                     match: Match = None) -> Response:
        """Give it to an agent. To others only supervisors may."""
        to = login_name(wish.agent)
        return await counter.act(who, "work" if to in ("", who.viewer.agent) else "assign",
                                 lambda acts: acts.assign(number, who.viewer.agent, to, wish.take_over), match=match)


def _sayings(router: APIRouter, counter: Counter) -> None:
    @router.post("/requests/{number}/entries", response_model=EntryValue, status_code=201)
    async def say(who: Caller, number: Number, wish: SayingWish, key: Key = None) -> Response:
        """Answer, ask, or note what only agents see."""
        if wish.kind != "note" and wish.seen is None:
            raise Problem("no-precondition", "Say with `seen` what you have read: the request's own `seen`.")
        return await counter.act(
            who, "work" if wish.kind == "note" else "send",
            lambda acts: acts.say(wish.kind, number, who.viewer.agent, wish.text, wish.seen, wish.uploads,
                                  wish.undoable, wish.quotes), key)

    @router.post("/requests/{number}/entries/{entry}/undo", response_model=EntryValue)
    async def undo(who: Caller, number: Number, entry: Annotated[Id, Path()]) -> Response:
        """Take back what you said undoable, before it goes out."""
        return await counter.act(who, "work", lambda acts: acts.undo(number, who.viewer.agent, entry))

    @router.post("/requests/{number}/preview")
    async def preview(who: Caller, number: Number, wish: PreviewWish) -> PreviewValue:
        """The letter as the customer would see it. Nothing is kept or sent."""
        who.viewer.must("work")
        acts = counter.workplace.acts.within(who.viewer.queues)
        made = await acts.preview(wish.kind, number, who.viewer.agent, wish.text, wish.uploads, wish.quotes)
        return PreviewValue.model_validate(made)

    @router.post("/requests/{number}/verify", response_model=RequestValue)
    async def verify(who: Caller, number: Number, wish: VerifyWish, key: Key = None,
                     match: Match = None) -> Response:
        """Decide whether it is this person."""
        who.viewer.must("decide")
        return await counter.act(
            who, "send",
            lambda acts: acts.verify(number, who.viewer.agent, wish.because, rejects=wish.rejects), key, match)

    @router.post("/requests/{number}/resolve", response_model=RequestValue)
    async def resolve(who: Caller, number: Number, key: Key = None,
                      match: Match = None) -> Response:
        """The matter is settled."""
        return await counter.act(who, "send", lambda acts: acts.resolve(number, who.viewer.agent), key,
                                 match)

    @router.post("/requests/{number}/reopen", response_model=RequestValue)
    async def reopen(who: Caller, number: Number, key: Key = None,
                     match: Match = None) -> Response:
        """It was not settled after all."""
        return await counter.act(who, "work", lambda acts: acts.reopen(number, who.viewer.agent), key,
                                 match)


def _placing(router: APIRouter, counter: Counter) -> None:
    @router.post("/requests/{number}/move", response_model=RequestValue)
    async def move(who: Caller, number: Number, wish: QueueWish,
                   match: Match = None) -> Response:
        """Into another queue, where it is nobody's; from another agent who works on it only by take_over."""
        return await counter.act(who, "work", lambda acts: acts.move(number, who.viewer.agent, wish.queue,
                                                                     wish.take_over), match=match)

    @router.post("/requests/{number}/priority", response_model=RequestValue)
    async def prioritise(who: Caller, number: Number, wish: PriorityWish,
                         match: Match = None) -> Response:
        """How urgent it is."""
        return await counter.act(who, "work",
                                 lambda acts: acts.prioritise(number, who.viewer.agent, wish.priority), match=match)

    @router.post("/requests/{number}/category", response_model=RequestValue)
    async def categorise(who: Caller, number: Number, wish: CategoryWish,
                         match: Match = None) -> Response:
        """What it is about; the classifier learns from it."""
        return await counter.act(who, "work",
                                 lambda acts: acts.categorise(number, who.viewer.agent, wish.category), match=match)

    @router.post("/requests/{number}/merge", response_model=RequestValue)
    async def merge(who: Caller, number: Number, wish: MergeWish,
                    match: Match = None) -> Response:
        """It becomes part of another request, which is answered."""
        return await counter.act(who, "decide",
                                 lambda acts: acts.merge(number, who.viewer.agent, wish.into), match=match)

    @router.post("/requests/{number}/split", response_model=RequestValue)
    async def split(who: Caller, number: Number, wish: SplitWish,
                    match: Match = None) -> Response:
        """One mail of it becomes a request of its own, which is answered."""
        return await counter.act(who, "decide",
                                 lambda acts: acts.split(number, who.viewer.agent, wish.entry), match=match)

    @router.post("/requests/{number}/spam", response_model=RequestValue)
    async def spam(who: Caller, number: Number, match: Match = None) -> Response:
        """Nobody asks for anything: closed, and nothing is sent."""
        return await counter.act(who, "decide", lambda acts: acts.spam(number, who.viewer.agent),
                                 match=match)


_OCTETS = {"requestBody": {"required": True, "content": {"application/octet-stream": {
    "schema": {"type": "string", "format": "binary"}}}}}


def _uploads(router: APIRouter, workplace: Workplace) -> None:
    @router.post("/uploads", response_model=UploadValue, status_code=201, openapi_extra=_OCTETS)
    async def attach(viewer: Who, http_request: HttpRequest, filename: Annotated[Name, Query()]) -> Response:
        """A file for an answer, kept for a day: its octets are the body, its type is the Content-Type."""
        viewer.must("send")
        kind = http_request.headers.get("content-type", "application/octet-stream")
        upload = await workplace.acts.attach(viewer.agent, filename, kind, await http_request.body())
        return _json(UploadValue.model_validate(upload), 201)

    @router.delete("/uploads/{id}", status_code=204)
    async def detach(viewer: Who, id: Annotated[Id, Path()]) -> Response:
        """It is not sent after all."""
        viewer.must("send")
        if not await workplace.acts.detach(id, viewer.agent):
            raise Problem("unknown-upload")
        return Response(status_code=204)
