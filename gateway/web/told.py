"""What an act tells on the page that follows it: to the browser that did it, once.

The word comes in a cookie with a MAC (RFC 2104) by the login's own secret, over the page it is for: no link, no other
site and no other page can make the desk say that something was done.
"""

from hashlib import sha256
from hmac import compare_digest
from hmac import digest as hmac_digest

from starlette.requests import Request as HttpRequest
from starlette.responses import RedirectResponse, Response

from gateway.web.login import Viewer

COOKIE = "frontdesk-told"
SECONDS = 60
"""After which it is told no more: the page follows at once."""


def goes_on(http_request: HttpRequest, viewer: Viewer, page: str, done: str, at: str = "") -> Response:
    """To the page, which will tell what was done. page: a path; at: the query and the place on it."""
    answer = RedirectResponse(page + at, 303)
    answer.set_cookie(COOKIE, f"{done}.{_mac(viewer, page, done)}", max_age=SECONDS, path="/", httponly=True,
                      samesite="lax", secure=http_request.url.scheme == "https")
    return answer


def heard(http_request: HttpRequest, viewer: Viewer) -> str:
    """What was done just before this page was asked for; "" when nothing was. A page that only looks again asks not."""
    done, _, mac = http_request.cookies.get(COOKIE, "").partition(".")
    is_theirs = compare_digest(mac.encode(), _mac(viewer, http_request.url.path, done).encode())
    return done if is_theirs and "hx-request" not in http_request.headers else ""


def told(answer: Response, done: str) -> Response:
    """The page tells it: the next one does not."""
    if done:
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
    return answer


def _mac(viewer: Viewer, page: str, done: str) -> str:
    return hmac_digest(viewer.secret_hash.encode(), f"{page}\0{done}".encode(), sha256).hex()
