"""The agents' window: who is let in, what holds for every page and every answer of the API, and what they consist of.

Nobody whom we do not know reaches a route, save those that are named as open here: a page that forgets to ask is closed
all the same. What changes something must come from our own page (Origin, RFC 6454) or bear a program's token, which no
other site's form can.
"""

from asyncio import get_running_loop
from collections.abc import Sequence
from email.utils import formatdate
from functools import partial
from urllib.parse import quote

import structlog
from fastapi import APIRouter, FastAPI
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.desk.staff import Staff
from gateway.web import (
    assets,
    files,
    forms,
    frame,
    login,
    preferences,
    previews,
    queue,
    reports,
    request,
    stream,
)
from gateway.web.api import BASE
from gateway.web.app import again
from gateway.web.faults import AGAIN, API, Faults
from gateway.web.limits import Buckets, Meter
from gateway.web.login import Logins, Viewer
from gateway.web.problems import problem
from gateway.web.programs import DESCRIPTION, Programs
from gateway.web.server import Manners, Window
from gateway.web.sheets import Sheets
from gateway.web.stream import Streams
from gateway.web.workplace import Workplace

log = structlog.get_logger()

OPEN = ("/login", "/login/oidc", "/login/oidc/back", DESCRIPTION)
"""Whoever comes may see these, and what lies below assets.PATH."""
SAFE = ("GET", "HEAD")
LONGEST_URL = 4096
"""Octets of path and query: a search of 200 Korean characters has 1800."""
LARGEST_OPEN_BODY = 4096
"""Octets that somebody whom we do not know may send."""
LARGEST_BODY = 2_000_000
"""Octets of a form or of JSON."""
LARGEST_UPLOAD = 16_000_000
"""Octets of a body that brings files."""
LARGEST_HEARD = 8 * LARGEST_UPLOAD
"""Octets of a body that are taken in all, be it to throw them away: most browsers send the whole of it before they read
our refusal, and one that is hung up on shows none."""
UPLOADS = ("/api/v1/uploads", "/say", "/draft")
"""What the paths that files are sent to end with."""
CONNECTIONS = 400
PATIENCE = 30.0
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
          "form-action 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'")


class AgentsWindow(Window):
    """The window of [agents]."""

    def __init__(self, workplace: Workplace, sheets: Sheets) -> None:
        super().__init__(workplace.settings.listen, Manners(LARGEST_HEARD, CONNECTIONS, PATIENCE))
        self._streams, self._tries, self._asked = Streams(workplace), Buckets(), Buckets()
        self.configure(workplace, sheets)

    async def drain(self) -> None:
        """As every window; whoever only listens is let go at once."""
        self._streams.close()
        await super().drain()

    def configure(self, workplace: Workplace, sheets: Sheets) -> None:
        """Take new pages and settings: they hold from now on."""
        settings = workplace.settings
        staff, is_secure = Staff(workplace.database, workplace.now), settings.url.startswith("https://")
        logins = Logins(staff, settings.login, is_secure, self._tries, bool(settings.oidc.issuer))
        self._streams.workplace = workplace
        live = stream.routes(self._streams, logins.viewer)
        extra = [_sign_on(workplace, logins, sheets)] if settings.oidc.issuer else []
        finish = partial(_finish, Faults(sheets))
        pages = finish(FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False),
                       [live, *extra, *routers(workplace, sheets, logins)])
        app = Programs(pages, workplace, staff, live, finish)
        frame = Frame(app, logins, sheets, settings.url, Meter(self._asked, settings.api_per_minute))
        self.serve(frame, settings.proxies)


def routers(workplace: Workplace, sheets: Sheets, logins: Logins) -> list[APIRouter]:
    """All pages that there are behind the door."""
    return [assets.routes(), login.routes(logins, sheets), *page_routes(workplace, sheets)]


def _sign_on(workplace: Workplace, logins: Logins, sheets: Sheets) -> APIRouter:
    """The organisation's own login, by the libraries of the extra `oidc`."""
    from gateway.web import sign_on
    from gateway.web.provider import Provider

    settings = workplace.settings
    provider = Provider(settings.oidc, settings.url + sign_on.BACK, workplace.now)
    return sign_on.routes(sign_on.SignOn(logins, provider), sheets)


def page_routes(workplace: Workplace, sheets: Sheets) -> list[APIRouter]:
    """The pages that agents work on."""
    pages = request.RequestPages(workplace, sheets)
    return [queue.routes(workplace, sheets), request.routes(pages), forms.routes(pages), frame.routes(workplace),
            previews.routes(pages.previews), files.routes(workplace), preferences.routes(workplace),
            reports.routes(workplace, sheets)]


def _finish(faults: Faults, app: FastAPI, routers: Sequence[APIRouter]) -> FastAPI:
    """Its routes, and what it says when something is not done."""
    for router in routers:
        app.include_router(router, include_in_schema=router.prefix == BASE)
    faults.handle(app)
    return app


class Frame:
    """Stands around the application: nobody reaches it, and nothing leaves it, but by these rules."""

    def __init__(self, app: ASGIApp, logins: Logins, sheets: Sheets, url: str, meter: Meter) -> None:
        self._app, self._logins, self._faults, self._url, self._meter = app, logins, Faults(sheets), url, meter
        self._always = _headers(url.startswith("https://"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message["headers"]}
                date = (b"date", formatdate(usegmt=True).encode())
                always = [each for each in self._always if each[0] not in own]
                message["headers"] = [*message["headers"], date, *always]
            await send(message)

        http_request = HttpRequest(scope, receive)
        try:
            scope["viewer"], refusal = await self._door(http_request)
            if refusal is None:
                scope["body"] = await http_request.body()  # the whole of it: nothing is done by half a request
                receive = again(scope["body"], receive)
        except ClientDisconnect:
            return
        except Exception as error:  # the edge to whoever looks: the store may be away
            log.error("the door of the desk failed", exc_info=error)
            scope["viewer"], refusal = None, self._faults.answer(http_request, "trouble", headers=AGAIN)
        if refusal is None:
            await self._app(scope, receive, framed)
        else:
            await _refused(refusal, scope, receive, framed)

    async def _door(self, http_request: HttpRequest) -> tuple[Viewer | None, Response | None]:
        """Who it is, and what they are told instead of being let in."""
        if refusal := self._shape(http_request):
            return None, refusal
        path, size = http_request.scope["path"], _size(http_request)
        if _is_open(path):
            viewer, largest = None, LARGEST_OPEN_BODY
        else:
            viewer = await self._logins.viewer(http_request)
            http_request.scope["viewer"] = viewer  # what is refused is told in their language
            if viewer is None:
                return None, self._stranger(http_request)
            if path.startswith(API) and not self._meter.admits(viewer.secret_hash, get_running_loop().time()):
                return viewer, self._faults.answer(http_request, "crowded", self._meter.told, headers=self._meter.again)
            largest = LARGEST_UPLOAD if path.endswith(UPLOADS) else LARGEST_BODY
        if size > largest:
            return viewer, self._faults.answer(http_request, "too-large", f"At most {largest} octets.")
        # A browser names an Origin: also who rebinds our name (as MCP warns) has to be our own page.
        is_program = viewer is not None and viewer.by == "token" and "origin" not in http_request.headers
        if http_request.method not in SAFE and not is_program and not self._is_from_our_page(http_request):
            return viewer, self._faults.answer(http_request, "foreign-origin")
        return viewer, None

    def _shape(self, http_request: HttpRequest) -> Response | None:
        """What is refused whoever it is."""
        if len(http_request.scope["raw_path"]) + len(http_request.scope["query_string"]) > LONGEST_URL:
            return self._faults.answer(http_request, "too-long")
        if "transfer-encoding" in http_request.headers:  # chunks: nobody knows how many will come
            return self._faults.answer(http_request, "length-required")
        return None

    def _stranger(self, http_request: HttpRequest) -> Response:
        path = http_request.scope["path"]
        is_program = http_request.headers.get("authorization", "").lower().startswith("bearer")
        if path.startswith(API) or is_program:
            return problem("not-logged-in", headers={"WWW-Authenticate": 'Bearer realm="frontdesk"'})
        to = f"/login?next={quote(following, safe='')}" if (following := _following(http_request)) else "/login"
        if "hx-request" in http_request.headers:  # a part of a page: the whole page has to go there
            return Response(b"", 401, {"HX-Redirect": to})
        return RedirectResponse(to, 303)

    def _is_from_our_page(self, http_request: HttpRequest) -> bool:
        """Browsers name the origin of whatever may change something; what names none is no browser of ours."""
        origin, host = http_request.headers.get("origin", ""), http_request.headers.get("host", "")
        ours = {host.lower(), self._url.partition("://")[2].lower()} - {""}
        return origin.startswith(("http://", "https://")) and origin.partition("://")[2].lower() in ours


async def _refused(refusal: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """The refusal is said at once, and ends when the client has said all."""
    if not _size(HttpRequest(scope)):
        return await refusal(scope, receive, send)

    async def begun(message: Message) -> None:
        await send({**message, "more_body": True} if message["type"] == "http.response.body" else message)

    await refusal(scope, receive, begun)
    while (await receive()).get("more_body"):
        pass
    return await send({"type": "http.response.body"})


def _following(http_request: HttpRequest) -> str:
    """Where somebody goes on who has to log in first: the page that they asked for, or did something on."""
    path, query = http_request.scope["path"], http_request.scope["query_string"].decode("ascii", "replace")
    page = path + (f"?{query}" if query else "")
    if "hx-request" in http_request.headers:
        page = "/" + http_request.headers.get("hx-current-url", "").partition("://")[2].partition("/")[2]
    elif http_request.method not in SAFE:
        page = path.rpartition("/")[0] if path.startswith("/requests/") else "/"
    return login.local(page.partition("#")[0]) if page != "/" else ""


def _size(http_request: HttpRequest) -> int:
    return int(http_request.headers.get("content-length", "0"))


def _is_open(path: str) -> bool:
    return path in OPEN or path.startswith(assets.PATH)


def _headers(is_secure: bool) -> list[tuple[bytes, bytes]]:
    """What every answer says to browsers, caches and indexes, where it does not say otherwise itself."""
    headers = {
        "Content-Security-Policy": POLICY,
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex, nofollow",
        "Cache-Control": "no-store",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        **({"Strict-Transport-Security": "max-age=31536000"} if is_secure else {}),
    }
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
