"""A mail's HTML as its author designed it, in a frame that nothing leaves.

It was cleaned by mail/html; the frame is a sandbox of its own origin without scripts and forms, and its own policy
loads nothing. Pictures that came along (cid:, RFC 2392) are written into the page. Images from the internet tell
whoever sent the mail that it was read, when and where: they are loaded when the agent asks, without a Referer.
"""

import re
from base64 import b64encode
from html import escape, unescape
from urllib.parse import unquote

from fastapi import APIRouter
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from gateway.mail.attachment import Attachment
from gateway.mail.message import Message, parse
from gateway.web.api import found
from gateway.web.files import IMAGES, raw_mail
from gateway.web.login import viewer_of
from gateway.web.workplace import Workplace

MOST_IMAGES = 8_000_000
"""Octets of pictures that are written into one page."""
_CID = re.compile(r'src="(?i:cid):([^"]{1,500})"')
_PAGE = """<!doctype html>
<html><head><meta charset="utf-8"><meta name="referrer" content="no-referrer"><meta name="viewport" \
content="width=device-width, initial-scale=1"><base target="_blank"><style>
html {{ color-scheme: light; background: #fff; color: #1b1d22; }}
body {{ margin: 12px 14px; font: 15px/1.6 Pretendard, "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR",
  "Noto Sans CJK KR", system-ui, sans-serif; overflow-wrap: anywhere; unicode-bidi: isolate; }}
img {{ max-width: 100%; height: auto; }} pre {{ white-space: pre-wrap; font: inherit; }}
</style></head><body>{}</body></html>"""


def routes(place: Workplace) -> APIRouter:
    """GET /requests/<number>/entries/<id>/html?images=1."""
    router = APIRouter()

    @router.api_route("/requests/{number}/entries/{id}/html", methods=["GET", "HEAD"])
    async def html(number: str, id: int, http_request: HttpRequest) -> Response:
        viewer, images = viewer_of(http_request), http_request.query_params.get("images") == "1"
        viewer.must("read")
        page = await place.database.read(
            lambda db: framed(parse(raw_mail(db, found(db, place, viewer, number), id)), images))
        return Response(page, 200, _headers(images), media_type="text/html")

    return router


def framed(message: Message, images: bool) -> str:
    """The page of a mail; one of plain text as it is."""
    html = message.designed(remote_images=images)
    if html is None:
        return _PAGE.format(f'<pre dir="auto">{escape(message.text)}</pre>')
    return _PAGE.format(_with_pictures(html, message.attachments))


def _with_pictures(html: str, files: tuple[Attachment, ...]) -> str:
    """Each picture that the mail brought along in the place that names it; what is no picture stays away."""
    known = {each.content_id.strip("<> "): each for each in files if each.content_id and each.real_type in IMAGES}
    room = MOST_IMAGES

    def picture(found: re.Match[str]) -> str:
        nonlocal room
        file = known.get(unquote(unescape(found[1])))
        if file is None or file.size > room:
            return 'src=""'
        room -= file.size
        return f'src="data:{file.real_type};base64,{b64encode(file.content).decode()}"'

    return _CID.sub(picture, html)


def _headers(images: bool) -> dict[str, str]:
    sources = "data: https: http:" if images else "data:"
    return {
        "Content-Security-Policy": f"default-src 'none'; img-src {sources}; style-src 'unsafe-inline'; "
                                   "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
                                   "sandbox allow-popups allow-popups-to-escape-sandbox",
        "Referrer-Policy": "no-referrer", "X-Frame-Options": "SAMEORIGIN", "X-DNS-Prefetch-Control": "off",
    }
