"""Who is at the window: an agent's browser by its cookie, or a program by its token; and the door between them.

A cookie is an opaque secret that lives in the database, `HttpOnly`, `SameSite=Lax`, and over TLS `__Host-`
(draft-ietf-httpbis-rfc6265bis section 4.1.3); each login makes a new one and ends the one before. Whoever tries
passwords is slowed by account and by client net, and learns nothing from the time that an answer takes.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from urllib.parse import parse_qs, quote

import structlog
from fastapi import APIRouter
from starlette.requests import Request as HttpRequest
from starlette.responses import RedirectResponse, Response

from gateway.desk.acts import Refused
from gateway.desk.roles import SCOPES, RightName, may
from gateway.desk.staff import Staff, Visit, login_name, secret_hash
from gateway.models import Agent
from gateway.store import agents
from gateway.store.agents import AtABrowser
from gateway.store.database import storable
from gateway.web.limits import Buckets, Pace, client_net
from gateway.web.problems import Problem
from gateway.web.sheets import Sheets

log = structlog.get_logger()

FOR_A_NET = Pace(at_once=20, a_minute=10)
"""Passwords tried from one client's net: an office comes from one address. What was right does not count."""
FOR_AN_ACCOUNT_THERE = Pace(at_once=6, a_minute=3)
"""Passwords tried for one account from one net."""
FOR_AN_ACCOUNT = Pace(at_once=60, a_minute=30)
"""Passwords tried for one account from anywhere: more than one net may try, so that none can lock an agent out."""
SECONDS = "20"
"""After which who tried too often may try again."""
LONGEST_FORM = 4096
MOST_FIELDS = 10


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks, and what they may."""

    agent: str
    full_name: str
    role: str
    queues: tuple[str, ...] | None
    """The queues they see; None is all."""
    language: str
    scopes: Collection[str]
    by: Literal["login", "token"]
    secret_hash: str
    """Of the cookie or token."""

    def may(self, right: RightName) -> bool:
        return may(self.role, self.scopes, right)

    def must(self, right: RightName) -> None:
        """Raises Problem when they may not."""
        if not self.may(right):
            raise Problem("forbidden", f"This needs the right {right!r}: role {self.role}, "
                                       f"scopes {', '.join(self.scopes)}.")

    def sees(self, queue: str) -> bool:
        return self.queues is None or queue in self.queues


def viewer_of(http_request: HttpRequest) -> Viewer:
    """Who asks. The frame (web/desk) lets nobody come so far whom it does not know."""
    viewer: Viewer = http_request.scope["viewer"]
    return viewer


class Logins:
    """Knows cookies and tokens, and gives out cookies."""

    def __init__(self, staff: Staff, lasts: timedelta, is_secure: bool, tries: Buckets,
                 has_provider: bool = False) -> None:
        self.staff, self.lasts, self.is_secure, self.tries = staff, lasts, is_secure, tries
        self.has_provider = has_provider
        """The organisation's own login leads here too (web/sign_on)."""

    @property
    def cookie(self) -> str:
        """A browser takes a name with this prefix only over TLS, for this host and the whole of it."""
        return "__Host-frontdesk" if self.is_secure else "frontdesk"

    async def viewer(self, http_request: HttpRequest) -> Viewer | None:
        """Who this is; None when nobody we know. Tokens are for the API only, and go before a cookie."""
        kind, _, token = http_request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":  # any other kind is for a web server in front of us
            is_api = http_request.scope["path"].startswith("/api/")
            return await self._by_token(token.strip()) if is_api else None
        secret = http_request.cookies.get(self.cookie, "")
        return await self._by_login(secret) if secret else None

    async def _by_login(self, secret: str) -> Viewer | None:
        now, digest = self.staff.now(), secret_hash(secret)
        found = await self.staff.database.read(lambda db: agents.login(db, digest, now))
        if found is None:
            return None
        if agents.is_stale(found.seen_at, now):
            await self.staff.database.write(lambda db: agents.see_login(db, digest, now, found.expires_at))
        return _viewer(found, SCOPES, "login", digest)

    async def _by_token(self, secret: str) -> Viewer | None:
        now, digest = self.staff.now(), secret_hash(secret)
        found = await self.staff.database.read(lambda db: agents.token(db, digest, now))
        if found is None:
            return None
        token, agent = found
        if agents.is_stale(token.used_at, now):
            await self.staff.database.write(lambda db: agents.see_token(db, token.id or 0, now))
        return _viewer(agent, tuple(token.scopes), "token", digest)

    async def enter(self, name: str, password: str, http_request: HttpRequest) -> str | None:
        """The secret for a cookie; None when it is not their password. Raises Problem for who tried too often."""
        visit = visit_of(http_request)
        account, net = login_name(name)[:200], client_net(visit.client_ip)
        tries = ((f"net {net}", FOR_A_NET), (f"account {account} {net}", FOR_AN_ACCOUNT_THERE),
                 (f"account {account}", FOR_AN_ACCOUNT))
        if not self.tries.admits(tries, asyncio.get_running_loop().time()):
            log.warning("too many passwords tried", client=visit.client_ip)
            raise Problem("crowded", "Too many passwords were tried: wait a little.", Retry_After=SECONDS)
        secret = await self.staff.enter(name, password, visit, self.lasts)
        if secret is not None:
            self.tries.forgive(tries)
        log.info("login", agent=account if secret else "?", let_in=secret is not None, client=visit.client_ip)
        return secret

    async def end(self, http_request: HttpRequest) -> None:
        """Whatever login this browser has is over."""
        viewer = await self.viewer(http_request)
        if viewer is not None and viewer.by == "login":
            await self.staff.leave(viewer.agent, viewer.secret_hash)

    def give(self, answer: Response, secret: str) -> Response:
        answer.set_cookie(self.cookie, secret, max_age=int(self.lasts.total_seconds()), path="/", httponly=True,
                          secure=self.is_secure, samesite="lax")
        return answer

    def take(self, answer: Response) -> Response:
        answer.delete_cookie(self.cookie, path="/", httponly=True, secure=self.is_secure, samesite="lax")
        return answer


def routes(logins: Logins, sheets: Sheets) -> APIRouter:
    """GET and POST /login, POST /logout, GET and POST /password."""
    router = APIRouter()

    @router.api_route("/login", methods=["GET", "HEAD"])
    async def ask(http_request: HttpRequest) -> Response:
        if await logins.viewer(http_request) is not None:
            return RedirectResponse("/", 303)
        return asked_to_log_in(logins, sheets, http_request)

    @router.post("/login")
    async def enter(http_request: HttpRequest) -> Response:
        form = await read_form(http_request)
        following, name = form.get("next", ""), form.get("name", "")
        fault, status = "wrong", 401
        try:
            secret = await logins.enter(name, form.get("password", ""), http_request)
        except Problem as problem:
            secret, fault, status = None, "often", problem.status
        if secret is None:
            return asked_to_log_in(logins, sheets, http_request, fault, status, following, name)
        await logins.end(http_request)
        return logins.give(RedirectResponse(local(following) or "/", 303), secret)

    @router.post("/logout")
    async def leave(http_request: HttpRequest) -> Response:
        await logins.end(http_request)
        return logins.take(RedirectResponse("/login", 303))

    @router.api_route("/password", methods=["GET", "HEAD"])
    async def ask_password(http_request: HttpRequest) -> Response:
        viewer = viewer_of(http_request)
        return sheets.answer("password", viewer.language, viewer=viewer, fault="", is_done=False)

    @router.post("/password")
    async def change_password(http_request: HttpRequest) -> Response:
        viewer, form = viewer_of(http_request), await read_form(http_request)
        try:
            secret = await _change(logins, viewer, form.get("old", ""), form.get("new", ""), http_request)
        except Refused as refused:
            return sheets.answer("password", viewer.language, 422, viewer=viewer, fault=refused.code, is_done=False)
        return logins.give(sheets.answer("password", viewer.language, viewer=viewer, fault="", is_done=True), secret)

    return router


def asked_to_log_in(logins: Logins, sheets: Sheets, http_request: HttpRequest, fault: str = "", status: int = 200,
                    following: str = "", name: str = "") -> Response:
    """The login page. fault: a word of it; following: where to go on, by the form or the address."""
    language = sheets.language(http_request.headers.get("accept-language", ""))
    to = local(following or http_request.query_params.get("next", ""))
    answer = sheets.answer("login", language, status, following=to, name=name[:100], fault=fault,
                           has_provider=logins.has_provider)
    if status == 429:
        answer.headers["Retry-After"] = SECONDS
    return answer


def visit_of(http_request: HttpRequest) -> Visit:
    """From where somebody comes."""
    client = http_request.client.host if http_request.client else ""
    return Visit(client, http_request.headers.get("user-agent", ""))


async def _change(logins: Logins, viewer: Viewer, old: str, new: str, http_request: HttpRequest) -> str:
    """The secret of the login that this browser goes on with. Raises Refused, its code a word of the page."""
    visit = visit_of(http_request)
    tries = ((f"account {viewer.agent} {client_net(visit.client_ip)}", FOR_AN_ACCOUNT_THERE),)
    if not logins.tries.admits(tries, asyncio.get_running_loop().time()):
        raise Refused("Too many passwords were tried: wait a little.", "often")
    if not await logins.staff.is_password(viewer.agent, old):
        raise Refused("The present password is another one.", "wrong")
    secret = await logins.staff.change_password(viewer.agent, new, visit, logins.lasts)
    logins.tries.forgive(tries)
    return secret


async def read_form(http_request: HttpRequest) -> dict[str, str]:
    """A small form (application/x-www-form-urlencoded), the first value of each name; {} for what is none."""
    body = await http_request.body()
    if len(body) > LONGEST_FORM:
        return {}
    try:
        found = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    return {name: storable(values[0]) for name, values in found.items()}


def local(path: str) -> str:
    """A place on our own page to go on at, or "": nobody is sent elsewhere by a link to our login."""
    is_ours = path.startswith("/") and path[1:2] not in ("/", "\\") and path.isprintable() and len(path) <= 500
    return quote(path, safe="/?&=%:,+-._~") if is_ours and not path.startswith(("/login", "/logout")) else ""


def _viewer(agent: Agent | AtABrowser, scopes: Collection[str], by: Literal["login", "token"],
            digest: str) -> Viewer:
    return Viewer(agent.name, agent.full_name or agent.name, agent.role, tuple(agent.queues) or None, agent.language,
                  scopes, by, digest)
