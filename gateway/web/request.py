"""The page of one request: who wrote and how sure we are, what was said, what was decided and why, and what an agent
may do about it. It is drawn anew after every act; an act that was refused leaves what the agent typed where it was.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session as Db
from starlette.datastructures import QueryParams
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from gateway.desk import badges
from gateway.desk.canned import Canned
from gateway.desk.sayings import MOST_FILES, MOST_OCTETS, Preview
from gateway.mail.authres import Verdict
from gateway.models import Customer, Entry, Request, Upload, columns
from gateway.store import agents, queue, requests
from gateway.web import choices, conversation, evidence
from gateway.web.api import found
from gateway.web.conversation import Known
from gateway.web.login import Viewer, viewer_of
from gateway.web.moments import Moments
from gateway.web.previews import Previews
from gateway.web.rail import Seen, around, see
from gateway.web.reasons import Reasons
from gateway.web.sheets import Sheets
from gateway.web.told import heard, told
from gateway.web.words import Words, words
from gateway.web.workplace import Workplace

UPLOAD = columns(Upload)
CLOSED = ("resolved", "closed")
LETTERS = ("answer", "question")
LIKELY = 0.5
"""A suggestion that is less sure is not shown."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What the agent is writing."""

    kind: str = "answer"
    text: str = ""
    upload_ids: Sequence[int] = ()
    quotes: bool = True
    """The customer's last mail is to stand below."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something said above the conversation; buttons: (act, words, hidden fields)."""

    words: Markup
    tone: str = "quiet"
    icon: str = "circle-alert"
    buttons: Sequence[tuple[str, Markup, Sequence[tuple[str, str]]]] = ()


class RequestPages:
    """Draws the page of any request."""

    def __init__(self, place: Workplace, sheets: Sheets) -> None:
        self.place, self.sheets = place, sheets
        self.zone = ZoneInfo(place.site.timezone)
        self.previews = Previews()

    async def draw(self, http_request: HttpRequest, number: str, status: int = 200, notices: Sequence[Notice] = (),
                   draft: Draft | None = None, preview: Preview | None = None) -> Response:
        """The page. Raises Refused for a request that is not there, or not for this viewer."""
        viewer = viewer_of(http_request)
        viewer.must("read")

        def look(db: Db) -> tuple[Seen, Known, list[str], Draft, Sequence[Upload]]:
            seen, request, now = see(db, self.place, viewer), found(db, self.place, viewer, number), self.place.now()
            begun = draft or _once_more(db, request, viewer, http_request.query_params)
            return (seen, conversation.known(db, request, now, viewer.sees),
                    agents.names(db),
                    begun, _uploads(db, begun.upload_ids, viewer.agent))

        seen, known, names, begun, uploads = await self.place.database.read(look)
        said, frame = words(viewer.language), around(self.place, http_request, viewer, seen)
        values, done = _Values(self.place, viewer, said, known), heard(http_request, viewer)
        return told(self.sheets.answer(
            "request", viewer.language, status, **frame, **values.of_request(), **values.of_rights(),
            **values.of_person(), props=values.props(names), undo=values.undo(), preview=preview,
            letter=self.previews.keep(viewer, preview.html) if preview else "",
            told=[*(notices or values.done(done))], standing=values.standing(frame["moments"]),
            draft={"kind": begun.kind, "text": begun.text, "uploads": uploads, "quotes": begun.quotes},
            is_part="hx-request" in http_request.headers, canned=self._canned(known.request)), done)

    async def with_canned(self, viewer: Viewer, number: str, draft: Draft, name: str) -> Draft:
        """A ready-made text behind what was typed already."""
        def look(db: Db) -> tuple[Request, Customer]:
            request = found(db, self.place, viewer, number)
            return request, requests.customer(db, request)

        request, customer = await self.place.database.read(look)
        text = next((each for each in self._canned(request) if each.name == name), None)
        if text is None:
            return draft
        due = f"{request.due.astimezone(self.zone):%Y-%m-%d %H:%M}" if request.due else ""
        words = text.fill({"name": customer.name, "number": request.number, "subject": request.subject, "due": due,
                           "agent": viewer.full_name, "site": self.place.site.name})
        return replace(draft, text=f"{draft.text.rstrip()}\n\n{words}".lstrip("\n"))

    def _canned(self, request: Request) -> list[Canned]:
        """In the customer's language."""
        return self.sheets.canned.get(request.language) or self.sheets.canned[self.place.site.languages[0]]


def routes(pages: RequestPages) -> APIRouter:
    """GET /requests/<number> and its history."""
    router = APIRouter()
    place = pages.place

    @router.api_route("/requests/{number}", methods=["GET", "HEAD"])
    async def request(number: str, http_request: HttpRequest) -> Response:
        return await pages.draw(http_request, number)

    @router.api_route("/requests/{number}/history", methods=["GET", "HEAD"])
    async def history(number: str, http_request: HttpRequest) -> Response:
        viewer = viewer_of(http_request)
        viewer.must("read")

        def look(db: Db) -> tuple[Seen, Known]:
            seen, request = see(db, place, viewer), found(db, place, viewer, number)
            return seen, conversation.known(db, request, place.now(), viewer.sees)

        seen, known = await place.database.read(look)
        values = _Values(place, viewer, words(viewer.language), known)
        return pages.sheets.answer("history", viewer.language, 200, **around(place, http_request, viewer, seen),
                                   request=known.request, at=f"/requests/{known.request.number}",
                                   history=known.history, reason=values.of_person()["reason"])

    return router


def sent_files(db: Db, entry_id: int) -> Sequence[int]:
    """Ids of the files that an agent sent with an entry."""
    return db.scalars(select(UPLOAD.id).where(UPLOAD.entry_id == entry_id).order_by(UPLOAD.id)).all()


def _once_more(db: Db, request: Request, viewer: Viewer, query: QueryParams) -> Draft:
    """What the agent took back stands there to be said better; else nothing does."""
    id = query.get("again", "")
    entry = db.get(Entry, int(id)) if id.isdecimal() and len(id) < 10 else None
    is_theirs = entry is not None and entry.request_id == request.id and entry.author == viewer.agent
    if entry is None or not is_theirs or entry.withdrawn_at is None:
        return Draft()
    ids = [int(each) for each in query.getlist("upload")[:MOST_FILES] if each.isdecimal() and len(each) < 10]
    return Draft(entry.kind, entry.text, ids)


def _uploads(db: Db, ids: Sequence[int], agent: str) -> Sequence[Upload]:
    if not ids:
        return ()
    query = select(Upload).where(UPLOAD.id.in_(ids), UPLOAD.agent == agent, UPLOAD.entry_id.is_(None))
    return db.scalars(query.order_by(UPLOAD.id)).all()


class _Values:
    """What the template is filled with."""

    def __init__(self, place: Workplace, viewer: Viewer, said: Words, known: Known) -> None:
        self.place, self.viewer, self.said, self.known = place, viewer, said, known
        self.request = known.request

    def of_request(self) -> dict[str, Any]:
        request = self.request
        return {
            "request": request, "customer": self.known.customer, "at": f"/requests/{request.number}",
            "talk": conversation.turns(self.known, self.said, self.place.now()), "others": self.known.others,
            "is_merged": request.merged_into is not None,
            "is_ours": request.state in queue.WAITING, "is_settled": request.state in CLOSED,
            "is_mine": self._is_mine, "is_taken": self._is_taken, "suggestion": self._suggestion(),
            "undo_seconds": int(self.place.acts.desk.undo.total_seconds()), "most_octets": MOST_OCTETS,
        }

    def of_rights(self) -> dict[str, bool]:
        may = self.viewer.may
        return {"may_work": may("work"), "may_write": may("work"), "may_send": may("send"), "may_assign": may("assign"),
                "may_verify": may("decide") and self.request.verification not in ("", "verified", "rejected")}

    def of_person(self) -> dict[str, Any]:
        opened = self.known.opened_by
        verdict = Verdict.from_json(opened.verdict) if opened else None
        return {"reason": Reasons(self.said, evidence.sentences(verdict, self.said) if verdict else {}),
                "domain": badges.identity(self.request, self.said.language),
                "person": badges.person(self.request, self.said.language),
                "checks": evidence.checks(verdict, self.said) if verdict else []}

    def _suggestion(self) -> dict[str, Any] | None:
        """Another category than it has, when that is likely."""
        found = self.known.suggested.category
        if found is None or found.confidence < LIKELY or found.label == self.request.category:
            return None
        return {"category": found.label, "percent": round(100 * found.confidence)} if self.viewer.may("work") else None

    def props(self, names: list[str]) -> list[dict[str, Any]]:
        """The selects of the panel; each is a form of its own."""
        request, said, desk = self.request, self.said, self.place.acts.desk
        queues = [each for each in choices.queues(desk) if self.viewer.sees(each)]
        rows = [
            ("move", "queue", "queues", request.queue, queues),
            ("prioritise", "priority", "priority", request.priority, choices.PRIORITIES),
            ("categorise", "category", "categories", request.category, choices.categories(desk)),
        ]
        props = [{"act": act, "name": name, "label": said(f"props.{name}"), "value": value,
                  "options": choices.options(said, section, values if value in values else [value, *values])}
                 for act, name, section, value, values in rows]
        if self.viewer.may("assign"):
            owners = [("", said("queue.nobody")), *((name, self.known.names.get(name) or name) for name in names)]
            props.append({"act": "assign", "name": "owner", "label": said("props.owner"), "value": request.owner,
                          "options": owners})
        return props

    def undo(self) -> dict[str, int] | None:
        kept, of = self.known.undo, self.place.acts.desk.undo
        entry = next((each for each in self.known.entries if kept and each.id == kept.entry_id), None)
        if kept is None or entry is None or entry.author != self.viewer.agent or entry.kind == "note":
            return None
        return {"entry": kept.entry_id, "seconds": max(1, int((kept.until - self.place.now()).total_seconds())),
                "of": int(of.total_seconds())}

    # ---- what stands above the conversation ----

    def done(self, done: str) -> Iterator[Notice]:
        """What the act before this page did."""
        if self.said.has(f"done.{done}") and not (done == "claimed" and self._is_mine):  # which is told anyway
            yield Notice(self.said(f"done.{done}"), "good", "check")

    def standing(self, moments: Any) -> Iterator[Notice]:
        request, said = self.request, self.said
        if self.known.merged_into is not None:
            yield Notice(said("request.merged", number=_link(self.known.merged_into)), "quiet", "git-merge")
        if request.is_held:
            yield self._held()
        if self._is_mine and request.lease_until is not None:
            yield Notice(said("request.yours_until", until=moments.clock(request.lease_until)), "good", "hand")
        elif request.owner and request.owner != self.viewer.agent and request.state not in CLOSED:
            yield self._owned(moments)

    def _held(self) -> Notice:
        said, other = self.said, self.known.held_for
        stands = ("stands", said("request.stands"), ())
        if other is None:
            return Notice(said("request.held"), "doubtful", "shield-question-mark", (stands,))
        join = ("join", said("request.join", number=other.number), (("into", other.number),))
        words = said("request.held_join", number=_link(other))
        return Notice(words, "doubtful", "shield-question-mark", (join, stands))

    def _owned(self, moments: Moments) -> Notice:
        request, said, who = self.request, self.said, self.known.names.get(self.request.owner) or self.request.owner
        if self._is_taken and request.lease_until is not None:
            since = moments.clock(request.claimed_at or request.changed_at)
            taken = said("request.taken", who=who, since=since, until=moments.clock(request.lease_until))
            return Notice(taken, "doubtful", "lock", (("claim", said("request.take_over"), (("takes_over", "1"),)),))
        has_answered = any(each.author == request.owner and each.kind in LETTERS for each in self.known.entries)
        word = "has_let_lie" if request.lease_until else "owned" if has_answered else "given"
        return Notice(said(f"request.{word}", who=who), "quiet", "user")

    @property
    def _is_mine(self) -> bool:
        return self.request.owner == self.viewer.agent and self._is_leased

    @property
    def _is_taken(self) -> bool:
        return self.request.owner not in ("", self.viewer.agent) and self._is_leased

    @property
    def _is_leased(self) -> bool:
        until = self.request.lease_until
        return until is not None and until > self.place.now()


def _link(request: Request) -> Markup:
    return Markup('<a class="number" href="/requests/{0}">{0}</a>').format(request.number)
