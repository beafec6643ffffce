"""The customers' pages, where the links in letters lead: one proves the person, one shows how a request is getting on.

The link of a verification letter leads to a button that proves the person (step 3). GET only asks: mail scanners and
link previews follow every link, so following one may prove nothing. It shows one page whatever the token, without
looking the token up. POST proves, and says one thing whatever came of it: a wrong, an expired, a used and a good token
get the same octets. So nobody learns from us which links were ever good, and a customer who presses twice is not
frightened by the second answer. For the honest customer whose link is too old that answer says what a link is worth,
and what to do when nothing is heard of us; the agent sees in the history of the request what was pressed.

The link of an acknowledgement shows the progress of one request and nothing more; what a customer thinks of our work is
taken by POST, and the answer leads back to the page. A wrong link and one that is too old get the page of no page.
"""

from urllib.parse import parse_qs

import structlog
from fastapi import APIRouter
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from gateway.config import Web
from gateway.desk.acts import Acts
from gateway.desk.post import LINK, LOOK
from gateway.desk.visit import Visit
from gateway.web.app import LARGEST_BODY, Frame, Front, build
from gateway.web.limits import Turnstile
from gateway.web.pages import Pages
from gateway.web.server import Manners, Window

log = structlog.get_logger()


class CustomersWindow(Window):
    """The window of [web]: what the public reaches, and no more."""

    def __init__(self, pages: Pages, web: Web, acts: Acts, visit: Visit) -> None:
        super().__init__(web.listen, Manners(LARGEST_BODY))
        self._acts, self._visit, self._turnstile = acts, visit, Turnstile()
        self.configure(pages, web)

    def configure(self, pages: Pages, web: Web) -> None:
        """Take new pages and settings: they hold from now on."""
        front = Front(pages)
        app = build(front, routes(front, self._acts, web.url), looks(front, self._visit, web.url))
        self.serve(Frame(app, front, pages.style_source, self._turnstile), web.proxies)


def routes(front: Front, acts: Acts, url: str) -> APIRouter:
    """GET and POST <LINK><token>?l=<language>. `url`: what the page is called from outside, or ""."""
    router = APIRouter()

    @router.api_route(LINK + "{token:path}", methods=["GET", "HEAD"])
    async def ask(http_request: HttpRequest) -> Response:
        return front.answer("confirm", http_request)

    @router.post(LINK + "{token:path}")
    async def prove(token: str, http_request: HttpRequest) -> Response:
        if not _is_from_our_page(http_request, url):
            return front.answer("nothing", http_request, 403)
        proven = await acts.prove(token)
        client = http_request.client.host if http_request.client else ""
        log.info("link pressed", proven=proven, client=client)  # never the token: who reads the log is not the customer
        return front.answer("thanks", http_request)

    return router


def looks(front: Front, visit: Visit, url: str) -> APIRouter:
    """GET and POST <LOOK><token>?l=<language>: how a request is getting on, and what its customer thinks of it."""
    router = APIRouter()

    @router.api_route(LOOK + "{token}", methods=["GET", "HEAD"])
    async def look(token: str, http_request: HttpRequest) -> Response:
        seen = await visit.progress(token)
        return front.progress(seen, http_request) if seen else front.answer("nothing", http_request, 404)

    @router.post(LOOK + "{token}")
    async def rate(token: str, http_request: HttpRequest) -> Response:
        if not _is_from_our_page(http_request, url):
            return front.answer("nothing", http_request, 403)
        value, words = _rating(await http_request.body())
        if not await visit.rate(token, value, words):
            return front.answer("nothing", http_request, 404)
        # A page that is loaded again must not rate again.
        return Response(status_code=303, headers={"Location": f"?l={front.language(http_request)}"})

    return router


def _rating(body: bytes) -> tuple[int, str]:
    """What the form says; -1 for what it cannot have said."""
    try:
        form = parse_qs(body.decode(), max_num_fields=4)
    except ValueError:  # UnicodeDecodeError is one
        return -1, ""
    value = form.get("rating", [""])[0]
    return int(value) if value in {"0", "1", "2", "3", "4", "5"} else -1, form.get("words", [""])[0]


def _is_from_our_page(http_request: HttpRequest, url: str) -> bool:
    """Whether the form was ours, as far as the browser says (RFC 6454 section 7); other clients say nothing."""
    origin, host = http_request.headers.get("origin"), http_request.headers.get("host", "")
    ours = {host.lower(), url.partition("://")[2].partition("/")[0].lower()} - {""}
    return origin is None or origin.partition("://")[2].lower() in ours
