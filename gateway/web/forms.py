"""What an agent does by pressing a button: each act is a form of the page of a request, and leads back to it.

A form says nothing that the acts (desk/acts) do not check themselves. What was refused is told on the page, in the
agent's language where the code is known, and what was typed is still there.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from markupsafe import Markup
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request as HttpRequest
from starlette.responses import RedirectResponse, Response

from gateway.desk.acts import Acts, Refused
from gateway.desk.roles import RightName
from gateway.desk.sayings import MOST_FILES, Preview
from gateway.models import Request
from gateway.store.database import storable
from gateway.web.login import Viewer, viewer_of
from gateway.web.moments import Moments
from gateway.web.request import Draft, Notice, RequestPages
from gateway.web.words import Words, words
from gateway.web.workplace import Workplace

MOST_FIELDS = 60
LARGEST_FIELD = 1_000_000
"""Octets of one field that is no file."""

Does = Callable[[Acts, str, str, FormData], Awaitable[Request]]
"""(acts, number, agent, form) -> the request that the page goes on with."""


@dataclass(frozen=True, slots=True)
class Deed:
    """An act by one press."""

    right: RightName
    done: str
    """Of the words in "done"."""
    does: Does


DEEDS = {
    "claim": Deed("work", "claimed", lambda acts, on, me, it: acts.claim(on, me, _word(it, "takes_over") == "1")),
    "release": Deed("work", "released", lambda acts, on, me, _form: acts.release(on, me)),
    "stands": Deed("decide", "stands", lambda acts, on, me, _form: acts.release(on, me)),
    "join": Deed("decide", "joined", lambda acts, on, me, it: acts.merge(on, me, _word(it, "into"))),
    "merge": Deed("decide", "merged", lambda acts, on, me, it: acts.merge(on, me, _word(it, "into"))),
    "split": Deed("decide", "split", lambda acts, on, me, it: acts.split(on, me, _int(it, "entry"))),
    "spam": Deed("decide", "spam", lambda acts, on, me, _form: acts.spam(on, me)),
    "resolve": Deed("send", "resolved", lambda acts, on, me, _form: acts.resolve(on, me)),
    "reopen": Deed("work", "reopened", lambda acts, on, me, _form: acts.reopen(on, me)),
    "move": Deed("work", "moved", lambda acts, on, me, it: acts.move(on, me, _word(it, "queue"))),
    "prioritise": Deed("work", "prioritised", lambda acts, on, me, it: acts.prioritise(on, me, _int(it, "priority"))),
    "categorise": Deed("work", "categorised", lambda acts, on, me, it: acts.categorise(on, me, _word(it, "category"))),
    "assign": Deed("assign", "assigned", lambda acts, on, me, it: acts.assign(on, me, _word(it, "owner"))),
}  # fmt: skip
"""What is done by which form, and the right that it needs."""


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
                return await refusal(pages, http_request, number, refused)
            return _on(request, viewer, deed.done)

    for name, deed in DEEDS.items():
        add(name, deed)

    @router.post("/requests/{number}/verify")
    async def verify(number: str, http_request: HttpRequest) -> Response:
        viewer, form = viewer_of(http_request), await read(http_request)
        viewer.must("decide")
        rejects = _word(form, "is") != "yes"
        acts = place.acts.within(viewer.queues)
        try:
            request = await acts.verify(number, viewer.agent, _word(form, "because"), rejects=rejects)
        except Refused as refused:
            return await refusal(pages, http_request, number, refused)
        return _on(request, viewer, "rejected" if rejects else "verified")

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
    return router


def _add_writing(router: APIRouter, pages: RequestPages) -> None:
    """The forms in which there are words."""
    place = pages.place

    @router.post("/requests/{number}/say")
    async def say(number: str, http_request: HttpRequest) -> Response:
        viewer, form = viewer_of(http_request), await read(http_request)
        draft = await _draft(place, viewer, form)
        viewer.must("work" if draft.kind == "note" else "send")
        try:
            entry = await place.acts.within(viewer.queues).say(
                draft.kind, number, viewer.agent, draft.text, _int(form, "seen"), draft.upload_ids, undoable=True)
        except Refused as refused:
            return await refusal(pages, http_request, number, refused, draft)
        done = "?done=noted" if draft.kind == "note" else ""
        return RedirectResponse(f"/requests/{number}{done}#entry-{entry.id}", 303)

    @router.post("/requests/{number}/undo")
    async def undo(number: str, http_request: HttpRequest) -> Response:
        viewer, form = viewer_of(http_request), await read(http_request)
        viewer.must("send")
        said, acts = words(viewer.language), place.acts.within(viewer.queues)
        try:
            entry = await acts.undo(number, viewer.agent, _int(form, "entry"))
        except Refused as refused:
            return await refusal(pages, http_request, number, refused)
        return await pages.draw(http_request, number, 200, [Notice(said("undo.undone"), "good", "undo-2")],
                                Draft(entry.kind, entry.text))

    @router.post("/requests/{number}/draft")
    async def draft(number: str, http_request: HttpRequest) -> Response:
        """Not said yet: a ready-made text goes in, or the letter is looked at."""
        viewer, form = viewer_of(http_request), await read(http_request)
        draft, preview = await _draft(place, viewer, form), None
        viewer.must("work")
        try:
            if _word(form, "do") == "preview":
                preview = await _preview(place.acts.within(viewer.queues), number, viewer, draft)
            elif name := _word(form, "canned"):
                draft = await pages.with_canned(viewer, number, draft, name)
        except Refused as refused:
            return await refusal(pages, http_request, number, refused, draft)
        return await pages.draw(http_request, number, draft=draft, preview=preview)


async def read(http_request: HttpRequest) -> FormData:
    return await http_request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=LARGEST_FIELD)


async def refusal(pages: RequestPages, http_request: HttpRequest, number: str, refused: Refused,
                  draft: Draft | None = None) -> Response:
    """The page as it is now, with what was refused and why."""
    if refused.code == "unknown-request":
        raise refused  # there is no page to tell it on
    viewer = viewer_of(http_request)
    said = words(viewer.language)
    moments = Moments(pages.place.now(), pages.zone, said)
    return await pages.draw(http_request, number, 409, [Notice(_sentence(refused, said, moments), "bad")], draft)


def _sentence(refused: Refused, said: Words, moments: Moments) -> Markup:
    facts = refused.facts
    if refused.code == "taken":
        since = moments.clock(facts["since"]) if facts.get("since") else "?"
        return said("refused.taken", who=facts["owner"], since=since, until=moments.clock(facts["until"]))
    name = f"refused.{refused.code}"
    return said(name) if said.has(name) else said("refused.other", why=str(refused))


async def _draft(place: Workplace, viewer: Viewer, form: FormData) -> Draft:
    """What was typed, and the files: those kept before, and those that came now."""
    kept = (each for each in form.getlist("upload") if isinstance(each, str) and each.isdecimal() and len(each) < 10)
    ids = [int(each) for each in kept]
    for each in form.getlist("files"):
        if isinstance(each, UploadFile) and each.filename:
            kind = each.content_type or "application/octet-stream"
            upload = await place.acts.attach(viewer.agent, each.filename, kind, await each.read())
            ids.append(upload.id or 0)
    text = _word(form, "text").replace("\r\n", "\n")
    return Draft(_word(form, "kind") or "answer", text, ids[:MOST_FILES])


async def _preview(acts: Acts, number: str, viewer: Viewer, draft: Draft) -> Preview:
    return await acts.preview(draft.kind, number, viewer.agent, draft.text, draft.upload_ids)


def _on(request: Request, viewer: Viewer, done: str) -> Response:
    """Back to the page; to the list, when the request has gone where the agent does not look."""
    return RedirectResponse(f"/requests/{request.number}?done={done}" if viewer.sees(request.queue) else "/", 303)


def _word(form: FormData, name: str) -> str:
    value: Any = form.get(name, "")
    return storable(value) if isinstance(value, str) else ""


def _int(form: FormData, name: str) -> int:
    """-1 for what is no number: nothing has it."""
    value = _word(form, name)
    return int(value) if value.isdecimal() and len(value) < 10 else -1
