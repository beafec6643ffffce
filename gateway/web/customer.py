"""The customer's page: the link of a verification letter leads here, and its button proves the person (step 3).

GET only asks: mail scanners and link previews follow every link, so following one may prove nothing. It shows one page
whatever the token, without looking the token up. POST proves, and says one thing whatever came of it: a wrong, an
expired, a used and a good token get the same octets. So nobody learns from us which links were ever good, and a
customer who presses twice is not frightened by the second answer. For the honest customer whose link is too old that
answer says what a link is worth, and what to do when nothing is heard of us; the agent sees in the history of the
request what was pressed.
"""

import structlog
from fastapi import APIRouter
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from gateway.config import Web
from gateway.desk.acts import Acts
from gateway.desk.post import LINK
from gateway.web.app import LARGEST_BODY, Frame, Front, build
from gateway.web.limits import Turnstile
from gateway.web.pages import Pages
from gateway.web.server import Manners, Window

log = structlog.get_logger()


class CustomersWindow(Window):
    """The window of [web]: what the public reaches, and no more."""

    def __init__(self, pages: Pages, web: Web, acts: Acts) -> None:
        super().__init__(web.listen, Manners(LARGEST_BODY))
        self._acts, self._turnstile = acts, Turnstile()
        self.configure(pages, web)

    def configure(self, pages: Pages, web: Web) -> None:
        """Take new pages and settings: they hold from now on."""
        front = Front(pages)
        app = build(front, routes(front, self._acts, web.url))
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


def _is_from_our_page(http_request: HttpRequest, url: str) -> bool:
    """Whether the form was ours, as far as the browser says (RFC 6454 section 7); other clients say nothing."""
    origin, host = http_request.headers.get("origin"), http_request.headers.get("host", "")
    ours = {host.lower(), url.partition("://")[2].partition("/")[0].lower()} - {""}
    return origin is None or origin.partition("://")[2].lower() in ours
