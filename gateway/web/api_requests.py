"""The API's reading side: queues, lists and search, and one request with all that is known of it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy.orm import Session as Db
from starlette.responses import Response

from gateway.desk import badges, teaching
from gateway.mail.authres import Verdict
from gateway.models import Entry, Received, Request
from gateway.store import queue, requests
from gateway.store.queue import BadCursor, Filter
from gateway.web import files
from gateway.web.api import Number, Who, found, version
from gateway.web.api_values import (
    BadgeValue,
    EntryValue,
    FindingValue,
    HistoryLines,
    HistoryValue,
    Id,
    IdentityValue,
    OtherRequest,
    Queues,
    QueueValue,
    RequestLine,
    RequestPage,
    RequestValue,
    SuggestedValue,
    Word,
    entry_value,
    verification_value,
)
from gateway.web.login import Viewer
from gateway.web.problems import Problem
from gateway.web.workplace import Workplace

MOST = 200
"""Lines of a page."""
Cursor = Annotated[str, Query(max_length=60, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=MOST)]
_DOWNLOAD: dict[int | str, dict[str, Any]] = {200: {"description": "The octets", "content": {
    "*/*": {"schema": {"type": "string", "format": "binary"}}}}}


def wanted(
    queue: Annotated[Word, Query(description="One queue; else all that you see")] = "",
    state: Annotated[Word, Query(description="A state, or waiting (our turn), alive, settled, any")] = "",
    category: Annotated[Word, Query()] = "",
    owner: Annotated[Word | None, Query(description='An agent; "" is nobody')] = None,
    overdue: Annotated[bool, Query(description="Only what is late")] = False,
    held: Annotated[bool, Query(description="Only what waits for a decision whether it stands for itself")] = False,
    identity: Annotated[Word, Query(description="verified-dkim, verified-spf, weak, none, failed or unknown")] = "",
    verification: Annotated[Word, Query(description="asked, verified, mailbox, rejected or expired")] = "",
    language: Annotated[Word, Query()] = "",
    words: Annotated[Word, Query(description="Searched for in subject, text, customer and number")] = "",
) -> Filter:
    """Which requests a list holds."""
    return Filter(queue, state, category, owner, overdue, held, identity, verification, language, words)


def routes(workplace: Workplace) -> APIRouter:
    """GET /queues, /requests, /requests/<number> and what is below it."""
    router = APIRouter(tags=["requests"])
    read = workplace.database.read

    @router.get("/queues")
    async def queues(viewer: Who) -> Queues:
        """The queues that you see, and how much is in each."""
        viewer.must("read")
        lines = await read(lambda db: queue.counts(db, workplace.now(), viewer.queues))
        return Queues(items=[QueueValue.model_validate(each) for each in lines])

    @router.get("/requests")
    async def listing(viewer: Who, filter: Annotated[Filter, Depends(wanted)], limit: Limit = 50,
                      cursor: Cursor = "") -> RequestPage:
        """A page of requests: the most urgent first; what is settled, and what was searched for, newest first."""
        viewer.must("read")
        try:
            page = await read(lambda db: queue.page(db, filter, workplace.now(), limit, cursor, viewer.queues))
        except BadCursor as error:
            raise Problem("bad-cursor", str(error)) from None
        return RequestPage(items=[RequestLine.of(line) for line in page.lines], next=page.next or None)

    @router.get("/requests/{number}")
    async def request(viewer: Who, number: Number, answer: Response) -> RequestValue:
        """One request with its conversation. Its ETag is what If-Match wants."""
        viewer.must("read")
        value, etag = await read(lambda db: whole(db, viewer, found(db, workplace, viewer, number)))
        answer.headers["ETag"] = etag
        return value

    @router.get("/requests/{number}/history")
    async def history(viewer: Who, number: Number) -> HistoryLines:
        """Every decision about it with its reason, oldest first."""
        viewer.must("read")
        rows = await read(lambda db: requests.history(db, found(db, workplace, viewer, number).id or 0))
        return HistoryLines(items=[HistoryValue.of(row) for row in rows])

    @router.get("/requests/{number}/suggestion")
    async def suggestion(viewer: Who, number: Number) -> SuggestedValue:
        """What it may be about, by what agents made of others: a suggestion, rules and agents decide."""
        viewer.must("read")
        seen = await read(lambda db: teaching.suggested(db, found(db, workplace, viewer, number)))
        return SuggestedValue.model_validate(seen)

    @router.get("/requests/{number}/identity")
    async def identity(viewer: Who, number: Number) -> IdentityValue:
        """Whose mail it is, by DNS, and whether it is this person."""
        viewer.must("read")
        return await read(lambda db: _identity(db, found(db, workplace, viewer, number)))

    _octets(router, workplace)
    return router


def _octets(router: APIRouter, workplace: Workplace) -> None:
    """What came and went, octet for octet; always a download."""
    @router.get("/requests/{number}/attachments/{id}", response_class=Response, responses=_DOWNLOAD)
    async def attachment(viewer: Who, number: Number, id: Annotated[Id, Path()]) -> Response:
        """A file that came with a mail, or went out with an answer. It may be anything: do not open it unseen."""
        viewer.must("read")
        name, _, content = await workplace.database.read(
            lambda db: files.octets(db, found(db, workplace, viewer, number), id))
        return files.download(name, content)

    @router.get("/requests/{number}/entries/{entry}/raw", response_class=Response, responses=_DOWNLOAD)
    async def raw(viewer: Who, number: Number, entry: Annotated[Id, Path()]) -> Response:
        """A mail as it came over the wire (RFC 5322), our trace fields in front."""
        viewer.must("read")
        content = await workplace.database.read(
            lambda db: files.raw_mail(db, found(db, workplace, viewer, number), entry))
        return files.download(f"{number}-{entry}.eml", content, "message/rfc822")


def whole(db: Db, viewer: Viewer, request: Request) -> tuple[RequestValue, str]:
    """One request with all that an agent sees, and its ETag."""
    id = request.id or 0
    others = [each for each in requests.of_customer(db, request.customer_id)
              if each.id != id and viewer.sees(each.queue)][:MOST]
    value = RequestValue.of(
        request, requests.customer(db, request), held_for=_number(db, request.held_for),
        merged_into=_number(db, request.merged_into),
        verification=verification_value(requests.verification(db, id)),
        entries=_entries(db, requests.conversation(db, id)),
        others=[OtherRequest.model_validate(each) for each in others])
    return value, version(db, request)


def _number(db: Db, id: int | None) -> str | None:
    other = db.get(Request, id) if id else None
    return other.number if other else None


def _entries(db: Db, said: Sequence[Entry]) -> list[EntryValue]:
    """Things said in one request, with all that hangs on them."""
    odd = requests.findings(db, said)
    files = requests.attachments(db, [each.id for each in said if each.id])
    letters = {each.id: each for each in requests.letters(db, said[0].request_id)} if said else {}
    return [entry_value(each, odd.get(each.id or 0, ()), [file for file in files if file.entry_id == each.id],
                        letters.get(each.letter_id)) for each in said]


def one_entry(db: Db, entry: Entry) -> EntryValue:
    """One thing said, as it stands in the conversation."""
    return _entries(db, [db.get_one(Entry, entry.id)])[0]


def _identity(db: Db, request: Request) -> IdentityValue:
    mails = [each for each in requests.conversation(db, request.id or 0) if each.received_id]
    received = db.get(Received, mails[0].received_id) if mails else None
    known = asdict(Verdict.from_json(received.verdict)) if received else {}
    pair = badges.as_json(request)
    odd = [FindingValue(finding=name, sentence=said) for name, said in badges.sentences(known.get("findings", ()))]
    checks = {name: known[name] for name in ("spf", "dkim", "arc", "dmarc", "iprev") if name in known}
    return IdentityValue(identity=BadgeValue(**pair["identity"]), person=BadgeValue(**pair["person"]),
                         on_file=request.on_file, checks=checks, findings=odd)
