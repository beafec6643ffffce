"""What an agent does by pressing a button: each act is a form of the page of a request, and leads back to it.

A form says nothing that the acts (desk/acts) do not check themselves. What was refused is told on the page, in the
agent's language where the code is known, and what was typed is still there.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from markupsafe import Markup
from starlette.datastructures import UploadFile
from starlette.requests import Request as HttpRequest
from starlette.responses import RedirectResponse, Response

from gateway.desk.acts import Acts, Refused
from gateway.desk.roles import RightName
from gateway.desk.sayings import Preview
from gateway.models import Request
from gateway.store import agents
from gateway.store.database import storable
from gateway.web.login import Viewer, viewer_of
from gateway.web.moments import Moments
from gateway.web.problems import Problem
from gateway.web.request import Draft, Notice, RequestPages, sent_files
from gateway.web.told import goes_on
from gateway.web.words import Words, words
from gateway.web.workplace import Workplace

MOST_FIELDS = 60
LARGEST_FIELD = 1_000_000
"""Octets of one field that is no file."""
OCTETS = "application/octet-stream"
TAKES_OVER = "takes_over"
TAKING = ("move", "assign")
"""Acts that take a request from whoever works on it, when the agent says once more that it is meant. (A claim has a
button of its own.)"""


@dataclass(frozen=True, slots=True)
class File:
    """A file that came with a form."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """What came."""

    words: Sequence[tuple[str, str]]
    files: Sequence[File] = ()

    def word(self, name: str) -> str:
        return next((value for key, value in self.words if key == name), "")

    @property
    def takes_over(self) -> bool:
        """It is to be done although another agent works on it."""
        return self.word(TAKES_OVER) == "1"

    def number(self, name: str) -> int:
        """-1 for what is no number: nothing has it."""
        return next(iter(self.numbers(name)), -1)

    def numbers(self, name: str) -> list[int]:
        values = (value for key, value in self.words if key == name)
        return [int(value) for value in values if value.isascii() and value.isdecimal() and len(value) < 10]


Does = Callable[[Acts, str, str, Form], Awaitable[Request]]
"""(acts, number, agent, form) -> the request that the page goes on with."""


@dataclass(frozen=True, slots=True)
class Deed:
    """An act by one press."""

    right: RightName
    done: str
    """Of the words in "done"."""
    does: Does


DEEDS = {
    "claim": Deed("work", "claimed", lambda acts, on, me, it: acts.claim(on, me, it.takes_over)),
    "release": Deed("work", "released", lambda acts, on, me, _form: acts.release(on, me)),
    "stands": Deed("decide", "stands", lambda acts, on, me, _form: acts.release(on, me)),
    "join": Deed("decide", "joined", lambda acts, on, me, it: acts.merge(on, me, it.word("into"))),
    "merge": Deed("decide", "merged", lambda acts, on, me, it: acts.merge(on, me, it.word("into"))),
    "split": Deed("decide", "split", lambda acts, on, me, it: acts.split(on, me, it.number("entry"))),
    "spam": Deed("decide", "spam", lambda acts, on, me, _form: acts.spam(on, me)),
    "resolve": Deed("send", "resolved", lambda acts, on, me, _form: acts.resolve(on, me)),
    "reopen": Deed("work", "reopened", lambda acts, on, me, _form: acts.reopen(on, me)),
    "move": Deed("work", "moved", lambda acts, on, me, it: acts.move(on, me, it.word("queue"), it.takes_over)),
    "prioritise": Deed("work", "prioritised", lambda acts, on, me, it: acts.prioritise(on, me, it.number("priority"))),
    "categorise": Deed("work", "categorised", lambda acts, on, me, it: acts.categorise(on, me, it.word("category"))),
    "assign": Deed("assign", "assigned", lambda acts, on, me, it: acts.assign(on, me, it.word("owner"), it.takes_over)),
}  # fmt: skip
"""What is done by which form, and the right that it needs."""
ACTS = (*DEEDS, "verify", "say", "undo", "draft")


def routes(pages: RequestPages) -> APIRouter:
    """POST /requests/<number>/<act>."""
    router = APIRouter()
    place = pages.place

    def add(name: str, deed: Deed) -> None:
        @router.post(f"/requests/{{number}}/{name}")
        async def act(number: str, http_request: HttpRequest) -> Response:
            viewer = viewer_of(http_request)
            viewer.must(deed.right)
            form = await read(http_request)
            try:
                request = await deed.does(place.acts.within(viewer.queues), number, viewer.agent, form)
            except Refused as refused:
                return await refusal(pages, http_request, number, refused, again=(name, form))
            return _on(http_request, request, viewer, deed.done)

    for name, deed in DEEDS.items():
        add(name, deed)

    @router.post("/requests/{number}/verify")
    async def verify(number: str, http_request: HttpRequest) -> Response:
        viewer, form = viewer_of(http_request), await read(http_request)
        viewer.must("decide")
        rejects = form.word("is") != "yes"
        acts = place.acts.within(viewer.queues)
        try:
            request = await acts.verify(number, viewer.agent, form.word("because"), rejects=rejects)
        except Refused as refused:
            return await refusal(pages, http_request, number, refused)
        return _on(http_request, request, viewer, "rejected" if rejects else "verified")

    @router.post("/requests/{number}/renew")
    async def renew(number: str, http_request: HttpRequest) -> Response:
        viewer = viewer_of(http_request)
        viewer.must("work")
        try:
            await place.acts.within(viewer.queues).renew(number, viewer.agent)
        except Refused:  # somebody else has it by now: it is told when the agent sends, with the words still there
            return Response(status_code=204)
        return Response(status_code=204)

    _add_writing(router, pages)

    @router.get("/requests/{number}/{act}")
    async def gone_to(number: str, act: str) -> Response:
        """Where an act was told to be refused, asked for anew as a page, such as behind a login."""
        if act not in ACTS:
            raise Problem("not-found")
        return RedirectResponse(f"/requests/{quote(number, safe='')}", 303)

    return router


def _add_writing(router: APIRouter, pages: RequestPages) -> None:
    """The forms in which there are words."""
    place = pages.place

    @router.post("/requests/{number}/say")
    async def say(number: str, http_request: HttpRequest) -> Response:
        viewer, form = viewer_of(http_request), await read(http_request)
        viewer.must("work" if form.word("kind") == "note" else "send")
        draft = _typed(form)
        try:
            draft = await _with_files(place, viewer, form, draft)
            entry = await place.acts.within(viewer.queues).say(
                draft.kind, number, viewer.agent, draft.text, form.number("seen"), draft.upload_ids, undoable=True,
                quotes=draft.quotes)
        except Refused as refused:
            return await refusal(pages, http_request, number, refused, draft)
        page, said = f"/requests/{number}", f"#entry-{entry.id}"
        return goes_on(http_request, viewer, page, "noted", said) if draft.kind == "note" else RedirectResponse(
            page + said, 303)

    @router.post("/requests/{number}/undo")
    async def undo(number: str, http_request: HttpRequest) -> Response:
        viewer, form = viewer_of(http_request), await read(http_request)
        viewer.must("send")
        files = await place.database.read(lambda db: sent_files(db, form.number("entry")))
        try:
            entry = await place.acts.within(viewer.queues).undo(number, viewer.agent, form.number("entry"))
        except Refused as refused:
            return await refusal(pages, http_request, number, refused)
        query = [("again", str(entry.id)), *(("upload", str(each)) for each in files)]
        return goes_on(http_request, viewer, f"/requests/{number}", "undone", f"?{urlencode(query)}#write")

    @router.post("/requests/{number}/draft")
    async def draft(number: str, http_request: HttpRequest) -> Response:
        """Not said yet: a ready-made text goes in, or the letter is looked at."""
        viewer, form = viewer_of(http_request), await read(http_request)
        viewer.must("work")
        draft, preview = _typed(form), None
        try:
            draft = await _with_files(place, viewer, form, draft)
            if form.word("do") == "preview":
                preview = await _preview(place.acts.within(viewer.queues), number, viewer, draft)
            elif name := form.word("canned"):
                draft = await pages.with_canned(viewer, number, draft, name)
        except Refused as refused:
            return await refusal(pages, http_request, number, refused, draft)
        return await pages.draw(http_request, number, draft=draft, preview=preview)


async def read(http_request: HttpRequest) -> Form:
    """The form that came; 400 for what is none."""
    limits = {"max_files": MOST_FIELDS, "max_fields": MOST_FIELDS, "max_part_size": LARGEST_FIELD}
    async with http_request.form(**limits) as given:
        words = [(name, storable(value)) for name, value in given.multi_items() if isinstance(value, str)]
        files = [File(each.filename, each.content_type or OCTETS, await each.read())
                 for each in given.getlist("files") if isinstance(each, UploadFile) and each.filename]
    return Form(tuple(words), tuple(files))


async def refusal(pages: RequestPages, http_request: HttpRequest, number: str, refused: Refused,
                  draft: Draft | None = None, again: tuple[str, Form] | None = None) -> Response:
    """The page as it is now, with what was refused and why. again: the act and its form, which may be meant as a
    take-over."""
    viewer = viewer_of(http_request)
    said = words(viewer.language)
    moments = Moments(pages.place.now(), pages.zone, said)
    buttons = []
    if refused.code == "taken" and again is not None and again[0] in TAKING:
        buttons = [(again[0], said("request.take_over"), (*again[1].words, (TAKES_OVER, "1")))]
    owner = await pages.place.database.read(lambda db: agents.find(db, refused.facts.get("owner", "")))
    who = (owner.full_name if owner else "") or refused.facts.get("owner", "")
    notice = Notice(_sentence(refused, said, moments, who), "bad", buttons=buttons)
    return await pages.draw(http_request, number, 409, [notice], draft)


def _sentence(refused: Refused, said: Words, moments: Moments, who: str) -> Markup:
    facts = refused.facts
    if refused.code == "taken":
        since = moments.clock(facts["since"]) if facts.get("since") else "?"
        return said("refused.taken", who=who, since=since, until=moments.clock(facts["until"]))
    name = f"refused.{refused.code}"
    return said(name) if said.has(name) else said("refused.other", why=str(refused))


def _typed(form: Form) -> Draft:
    """What was typed, with the files that were kept before."""
    text = form.word("text").replace("\r\n", "\n")
    return Draft(form.word("kind") or "answer", text, tuple(form.numbers("upload")), form.word("quotes") == "1")


async def _with_files(place: Workplace, viewer: Viewer, form: Form, draft: Draft) -> Draft:
    """And with those that came now."""
    kept = [await place.acts.attach(viewer.agent, each.name, each.content_type, each.content) for each in form.files]
    return replace(draft, upload_ids=(*draft.upload_ids, *(each.id or 0 for each in kept)))


async def _preview(acts: Acts, number: str, viewer: Viewer, draft: Draft) -> Preview:
    return await acts.preview(draft.kind, number, viewer.agent, draft.text, draft.upload_ids, draft.quotes)


def _on(http_request: HttpRequest, request: Request, viewer: Viewer, done: str) -> Response:
    """Back to the page; to the list, when the request has gone where the agent does not look."""
    if not viewer.sees(request.queue):
        return RedirectResponse("/", 303)
    return goes_on(http_request, viewer, f"/requests/{request.number}", done)
