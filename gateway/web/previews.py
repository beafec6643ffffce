"""A letter as a mail program will show it, before it is sent: in a frame that runs nothing and loads nothing.

The letter's own style may hold only in a frame with a policy of its own, and that has to come from an address. So the
newest letter that each login looked at stays here for a while; nobody else reaches it, and nothing of it is stored.
"""

import secrets
from hmac import compare_digest

from fastapi import APIRouter
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from gateway.web.login import Viewer, viewer_of
from gateway.web.problems import Problem

MOST = 100
"""Logins whose newest letter is kept."""
PATH = "/preview/"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
                               "form-action 'none'; frame-ancestors 'self'; sandbox",
    "Referrer-Policy": "no-referrer", "X-Frame-Options": "SAMEORIGIN", "X-DNS-Prefetch-Control": "off",
}


class Previews:
    """The letters that agents are looking at."""

    def __init__(self) -> None:
        self._letters: dict[str, tuple[str, str]] = {}

    def keep(self, viewer: Viewer, html: str) -> str:
        """The address at which this login sees the letter, instead of the one before."""
        self._letters.pop(viewer.secret_hash, None)
        if len(self._letters) >= MOST:
            del self._letters[next(iter(self._letters))]
        name = secrets.token_urlsafe(16)
        self._letters[viewer.secret_hash] = (name, html)
        return PATH + name

    def find(self, viewer: Viewer, name: str) -> str:
        """The letter. Raises Problem when it is not theirs, or there is a newer one."""
        kept, html = self._letters.get(viewer.secret_hash, ("", ""))
        if not compare_digest(kept.encode(), name.encode()):
            raise Problem("not-found")
        return html


def routes(previews: Previews) -> APIRouter:
    """GET /preview/<name>."""
    router = APIRouter()

    @router.api_route(f"{PATH}{{name}}", methods=["GET", "HEAD"])
    async def preview(name: str, http_request: HttpRequest) -> Response:
        return Response(previews.find(viewer_of(http_request), name), 200, HEADERS, media_type="text/html")

    return router
