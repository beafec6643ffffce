"""Files and raw mails to take home: always as downloads, never as pages of ours (RFC 6266, RFC 8187).

A file is said to be an image only when its declared type and its first octets agree; everything else is octets. A
browser is told not to guess, and should one show a file all the same, nothing in it may act.
"""

from urllib.parse import quote

import structlog
from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session as Db
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from gateway.mail.attachment import real_type
from gateway.mail.message import parse
from gateway.models import Attachment, Entry, Request, Upload, columns
from gateway.store import raw
from gateway.web.api import found
from gateway.web.login import viewer_of
from gateway.web.problems import Problem
from gateway.web.workplace import Workplace

log = structlog.get_logger()

UPLOAD = columns(Upload)
IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""What a browser shows and cannot run."""


def routes(place: Workplace) -> APIRouter:
    """GET /requests/<number>/attachments/<id>, /requests/<number>/entries/<id>/raw."""
    router = APIRouter()

    @router.api_route("/requests/{number}/attachments/{id}", methods=["GET", "HEAD"])
    async def attachment(number: str, id: int, http_request: HttpRequest) -> Response:
        viewer = viewer_of(http_request)
        viewer.must("read")
        name, declared, content = await place.database.read(
            lambda db: octets(db, found(db, place, viewer, number), id))
        return download(name, content, declared if declared in IMAGES and real_type(content) == declared else "")

    @router.api_route("/requests/{number}/entries/{id}/raw", methods=["GET", "HEAD"])
    async def raw(number: str, id: int, http_request: HttpRequest) -> Response:
        viewer = viewer_of(http_request)
        viewer.must("read")
        request, content = await place.database.read(
            lambda db: (request := found(db, place, viewer, number), raw_mail(db, request, id)))
        return download(f"{request.number}-{id}.eml", content, "message/rfc822")

    return router


def octets(db: Db, request: Request, id: int) -> tuple[str, str, bytes]:
    """Name, declared type and octets of something that came along, or that we sent. 404 for what is not there."""
    attachment = _row(db, id)
    if attachment is None:
        raise HTTPException(404)
    entry = _entry(db, request, attachment.entry_id)
    if entry.received_id is None:
        return attachment.filename, attachment.content_type, _sent(db, attachment)
    files = parse(raw_mail(db, request, entry.id or 0)).attachments
    if attachment.position >= len(files):
        raise HTTPException(404)
    return attachment.filename, attachment.content_type, files[attachment.position].content


def raw_mail(db: Db, request: Request, entry_id: int) -> bytes:
    """A mail as we keep it, our trace fields in front. 404 for an entry that is no mail of this request."""
    entry = _entry(db, request, entry_id)
    try:
        kept = raw.octets(db, entry.received_id) if entry.received_id else None
    except OSError as error:
        log.error("the file of a mail cannot be read", mail=entry.received_id, error=str(error))
        raise Problem("trouble", "The file that holds this mail cannot be read: an operator can tell why.") from None
    if kept is None:
        raise HTTPException(404)
    return kept


def download(name: str, content: bytes, media_type: str = "") -> Response:
    """The answer that a browser saves under this name."""
    plain = "".join(each if each.isascii() and each.isprintable() and each not in '"\\%;' else "_" for each in name)
    return Response(content, 200, {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff", "X-Download-Options": "noopen"},
        media_type=media_type or "application/octet-stream")


def _row(db: Db, id: int) -> Attachment | None:
    return db.get(Attachment, id) if 0 < id < 2**31 else None


def _entry(db: Db, request: Request, id: int) -> Entry:
    entry = db.get(Entry, id) if 0 < id < 2**31 else None
    if entry is None or entry.request_id != request.id:
        raise HTTPException(404)
    return entry


def _sent(db: Db, attachment: Attachment) -> bytes:
    """A file of an agent's; it stands at the same place among those of its entry."""
    kept = db.scalars(select(Upload).where(UPLOAD.entry_id == attachment.entry_id).order_by(UPLOAD.id)).all()
    if attachment.position >= len(kept):
        raise HTTPException(404)
    return kept[attachment.position].content
