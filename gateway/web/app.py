"""What holds for every page, whatever it says: who is let in, how much may be sent, and what a browser may do with it.

No cookie, no script, nothing loaded from anywhere, no frame, no copy in a cache or an index. What is not there, what is
asked for by another method, and what is too large get the same plain page.
"""

import asyncio
from email.utils import formatdate

import structlog
from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.desk.visit import Progress
from gateway.web.limits import Turnstile
from gateway.web.pages import Pages

log = structlog.get_logger()

LARGEST_BODY = 4096
"""Octets that a form of ours may have."""
LONGEST_URL = 1024
"""Octets of path and query: a link of ours has 60."""
PATIENCE = "10"
"""Seconds after which who came too often may try again."""


class Front:
    """Writes the pages as answers in the visitor's language."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def answer(self, name: str, http_request: HttpRequest, status: int = 200) -> Response:
        language = self.language(http_request)
        return _page(self._pages.page(name, language), language, status)

    def progress(self, seen: Progress, http_request: HttpRequest) -> Response:
        language = self.language(http_request)
        return _page(self._pages.progress(seen, language), language)

    def language(self, http_request: HttpRequest) -> str:
        """What the visitor reads."""
        wish = http_request.headers.get("accept-language", "")
        return self._pages.language(http_request.query_params.get("l", ""), wish)


def _page(page: bytes, language: str, status: int = 200) -> Response:
    return Response(page, status, {"Content-Language": language}, media_type="text/html")


def build(front: Front, *routers: APIRouter) -> ASGIApp:
    """The application: the routes of each page, and one answer wherever nothing is."""
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    for router in routers:
        app.include_router(router)

    async def nothing(http_request: HttpRequest, _error: Exception) -> Response:
        return front.answer("nothing", http_request, 404)  # also for a method that a page does not know

    async def trouble(http_request: HttpRequest, error: Exception) -> Response:
        log.error("a page failed", exc_info=error)
        return front.answer("trouble", http_request, 503)

    app.add_exception_handler(HTTPException, nothing)
    app.add_exception_handler(Exception, trouble)
    return app


class Frame:
    """Stands around the application: nobody reaches it, and nothing leaves it, but by these rules."""

    def __init__(self, app: ASGIApp, front: Front, style_source: str, turnstile: Turnstile) -> None:
        self._app, self._front, self._turnstile = app, front, turnstile
        self._always = [(name.encode(), value.encode()) for name, value in _headers(style_source).items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = (b"date", formatdate(usegmt=True).encode())
                message["headers"] = [*message["headers"], date, *self._always]
            await send(message)

        http_request = HttpRequest(scope, receive)
        refusal = self._refusal(http_request)
        if refusal is None:
            try:
                # The whole of it: nothing is done by half a request.
                receive = again(await http_request.body(), receive)
            except ClientDisconnect:
                return
        await (refusal or self._app)(scope, receive, framed)

    def _refusal(self, http_request: HttpRequest) -> Response | None:
        ip = http_request.client.host if http_request.client else ""
        if not self._turnstile.admits(ip, asyncio.get_running_loop().time()):
            answer = self._front.answer("crowded", http_request, 429)
            answer.headers["Retry-After"] = PATIENCE
            return answer
        if len(http_request.scope["raw_path"]) + len(http_request.scope["query_string"]) > LONGEST_URL:
            return self._front.answer("nothing", http_request, 414)
        if "transfer-encoding" in http_request.headers:  # chunks: browsers send no form so, and their size is unknown
            return self._front.answer("nothing", http_request, 411)
        if int(http_request.headers.get("content-length", "0")) > LARGEST_BODY:
            return self._front.answer("nothing", http_request, 413)
        return None


def again(body: bytes, receive: Receive) -> Receive:
    """The body as the application asks for it, and then whatever else comes: that the visitor went away."""
    whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def given() -> Message:
        return whole.pop() if whole else await receive()

    return given


def _headers(style_source: str) -> dict[str, str]:
    """What every answer says to browsers, caches and indexes."""
    return {
        "Content-Security-Policy": f"default-src 'none'; style-src {style_source}; form-action 'self'; "
                                   "base-uri 'none'; frame-ancestors 'none'",
        # Not "no-referrer": with it browsers say "Origin: null" when our own form is sent, as a stranger's frame would.
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex, nofollow",
        "Cache-Control": "no-store",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
