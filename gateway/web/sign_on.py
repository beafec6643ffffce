"""Logging in by the organisation's own provider: there and back again, once, in one browser.

A link on the login page leads to the provider (a link and no form: then no `form-action` of ours stands in the way of
wherever it sends people on). What it must come back with is remembered here under a `state`, and the browser keeps a
secret that belongs to it: SameSite=Lax, since the way back begins at another site and a Strict cookie would stay away.
Who comes back is an agent when somebody employed them (`frontdesk agent add`); nobody is employed by coming.
"""

import asyncio
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest

import structlog
from fastapi import APIRouter
from starlette.requests import Request as HttpRequest
from starlette.responses import RedirectResponse, Response

from gateway.desk.staff import secret_hash
from gateway.web.id_token import NotVouched
from gateway.web.limits import Pace, client_net
from gateway.web.login import Logins, asked_to_log_in, local, visit_of
from gateway.web.provider import Away, Provider
from gateway.web.sheets import Sheets

log = structlog.get_logger()

START, BACK = "/login/oidc", "/login/oidc/back"
FOR_A_NET = Pace(at_once=60, a_minute=60)
"""Steps on the way there and back from one client's net; those of who got in do not count."""
LASTS = 600
"""Seconds for being recognised there."""
MOST = 10_000
"""Ways that are remembered; then the oldest is forgotten."""


@dataclass(frozen=True, slots=True)
class Way:
    """Somebody on their way to the provider and back."""

    browser: str
    """Hash of the secret that their browser keeps."""
    nonce: str
    verifier: str
    """Proves to the provider that who brings the code is who began (RFC 7636)."""
    following: str
    """The page of ours to go on at."""
    until: float

    @property
    def challenge(self) -> str:
        return urlsafe_b64encode(sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


class Refusal(Exception):
    """They are not let in. `word`: of the login page; `because`: a sentence for the audit, "" where it has one."""

    def __init__(self, word: str, status: int, because: str) -> None:
        super().__init__(because)
        self.word, self.status, self.because = word, status, because


class SignOn:
    """Who is on the way, and who is let in when they come back."""

    def __init__(self, logins: Logins, provider: Provider) -> None:
        self.logins, self.provider = logins, provider
        self._ways: dict[str, Way] = {}

    @property
    def cookie(self) -> str:
        return f"{self.logins.cookie}-oidc"

    async def begin(self, http_request: HttpRequest) -> Response:
        """To the provider. Raises Refusal."""
        self._admit(http_request)
        state, browser = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        way = Way(secret_hash(browser), secrets.token_urlsafe(32), secrets.token_urlsafe(48),
                  local(http_request.query_params.get("next", "")), _time() + LASTS)
        try:
            answer = RedirectResponse(await self.provider.door(state, way.nonce, way.challenge), 303)
        except Away as away:
            raise _away(away, "") from None
        self._remember(state, way)
        answer.set_cookie(self.cookie, browser, max_age=LASTS, path="/", httponly=True, samesite="lax",
                          secure=self.logins.is_secure)
        return answer

    async def end(self, http_request: HttpRequest) -> Response:
        """They are back: let in, and sent on. Raises Refusal."""
        tries = self._admit(http_request)
        way = self._way(http_request)
        name, subject = await self._recognised(http_request, way)
        visit = visit_of(http_request)
        issuer = self.provider.settings.issuer
        secret = await self.logins.staff.enter_vouched(name, f"{issuer} ({subject})", visit, self.logins.lasts)
        log.info("login", agent=name if secret else "?", let_in=secret is not None, client=visit.client_ip, by="oidc")
        if secret is None:
            raise Refusal("stranger", 403, "")
        for _ in ("there", "back"):
            self.logins.tries.forgive(tries)
        await self.logins.end(http_request)
        answer = RedirectResponse(way.following or "/", 303)
        answer.delete_cookie(self.cookie, path="/", httponly=True, samesite="lax", secure=self.logins.is_secure)
        return self.logins.give(answer, secret)

    def _admit(self, http_request: HttpRequest) -> tuple[tuple[str, Pace], ...]:
        tries = ((f"oidc {client_net(visit_of(http_request).client_ip)}", FOR_A_NET),)
        if not self.logins.tries.admits(tries, _time()):
            raise Refusal("often", 429, "")
        return tries

    def _remember(self, state: str, way: Way) -> None:
        if len(self._ways) >= MOST:
            del self._ways[next(iter(self._ways))]
        self._ways[state] = way

    def _way(self, http_request: HttpRequest) -> Way:
        """The way that ends here, which nobody can end a second time."""
        state = http_request.query_params.get("state", "")
        way, browser = self._ways.get(state), http_request.cookies.get(self.cookie, "")
        if way is None or not compare_digest(way.browser, secret_hash(browser)):
            raise Refusal("again", 400, "A login by the provider came back that this browser did not begin.")
        del self._ways[state]
        if way.until < _time():
            raise Refusal("again", 400, "A login by the provider took too long.")
        return way

    async def _recognised(self, http_request: HttpRequest, way: Way) -> tuple[str, str]:
        """The login name, and how the provider calls them."""
        settings, query = self.provider.settings, http_request.query_params
        code = query.get("code", "")
        if "error" in query or not code:
            raise Refusal("denied", 403, "The provider did not recognise somebody.")
        try:
            about = await self.provider.about()
            if query.get("iss", "" if about.names_itself else settings.issuer) != settings.issuer:
                raise NotVouched("Another provider sent somebody back.")
            address, subject = await self.provider.person(code, way.verifier, way.nonce)
        except NotVouched as refused:
            raise Refusal("denied", 403, str(refused)) from None
        except Away as away:
            raise _away(away, "The provider did not answer when it was asked who came back.") from None
        return settings.login_name(address), subject


def _away(away: Away, because: str) -> Refusal:
    log.warning("the OpenID provider is away", fault=str(away))
    return Refusal("away", 503, because)


def _time() -> float:
    return asyncio.get_running_loop().time()


def routes(sign_on: SignOn, sheets: Sheets) -> APIRouter:
    """GET /login/oidc and /login/oidc/back."""
    router = APIRouter()

    async def refused(refusal: Refusal, http_request: HttpRequest) -> Response:
        if refusal.because:
            visit = visit_of(http_request)
            log.warning("login by the provider refused", because=refusal.because, client=visit.client_ip)
            await sign_on.logins.staff.turn_away(refusal.because, visit)
        return asked_to_log_in(sign_on.logins, sheets, http_request, refusal.word, refusal.status)

    @router.get(START)
    async def begin(http_request: HttpRequest) -> Response:
        if await sign_on.logins.viewer(http_request) is not None:
            return RedirectResponse(local(http_request.query_params.get("next", "")) or "/", 303)
        try:
            return await sign_on.begin(http_request)
        except Refusal as refusal:
            return await refused(refusal, http_request)

    @router.get(BACK)
    async def end(http_request: HttpRequest) -> Response:
        try:
            return await sign_on.end(http_request)
        except Refusal as refusal:
            return await refused(refusal, http_request)

    return router
