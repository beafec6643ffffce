"""The organisation's OpenID provider as we ask it: what it is, its keys, and whom a code stands for.

OpenID Connect Discovery 1.0, the authorization code flow of Core 1.0 with PKCE (RFC 7636). What it says about itself,
and its keys, are remembered for an hour. It is called by TLS or on this machine, its answers are bounded, and nothing
is followed.
"""

import asyncio
import json
import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
import structlog
from joserfc.jwk import KeySet

from gateway.config import Oidc, is_confidential
from gateway.web import id_token
from gateway.web.id_token import ALGORITHMS, Expected, NotVouched, UnknownKey

log = structlog.get_logger()

PATIENCE = 5.0
"""Seconds for one answer from first to last."""
MOST_READ = 262_144
"""Octets of one answer."""
REMEMBERED = 3600.0
"""Seconds that what it said of itself is believed."""
KEYS_ANEW = 60.0
"""Seconds between two looks for keys that we have not seen."""
GIVEN_UP = 10.0
"""Seconds for which it is not asked again when it did not answer."""
SCOPE = "openid email"


class Away(Exception):
    """The provider does not answer, or not as a provider does; a sentence for the log."""


@dataclass(frozen=True, slots=True)
class About:
    """What a provider says about itself."""

    authorization: str
    token: str
    keys: str
    userinfo: str
    algorithms: tuple[str, ...]
    takes_basic: bool
    """It knows us by a password in the header (RFC 6749 section 2.3.1), else in the form."""
    names_itself: bool
    """It says who it is when it sends somebody back (RFC 9207)."""


@dataclass(slots=True)
class _Known:
    """What was heard of the provider, and when, by a clock that only goes forward."""

    about: About | None = None
    about_at: float = float("-inf")
    keys: KeySet = field(default_factory=lambda: KeySet([]))
    keys_at: float = float("-inf")
    away_at: float = float("-inf")


class Provider:
    """One OpenID provider. `callback`: where it sends people back to."""

    def __init__(self, settings: Oidc, callback: str, now: Callable[[], datetime]) -> None:
        self.settings, self._callback, self._now = settings, callback, now
        self._known, self._one_at_a_time = _Known(), asyncio.Lock()

    async def about(self) -> About:
        """Raises Away."""
        async with self._one_at_a_time:
            moment = asyncio.get_running_loop().time()
            if self._known.about and moment - self._known.about_at < REMEMBERED:
                return self._known.about
            url = self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
            self._known.about = _about(await self._look(url), self.settings.issuer)
            self._known.about_at = moment
            return self._known.about

    async def door(self, state: str, nonce: str, challenge: str) -> str:
        """Where somebody goes to be recognised (Core section 3.1.2.1). Raises Away."""
        to = (await self.about()).authorization
        asked = {"response_type": "code", "client_id": self.settings.client_id, "redirect_uri": self._callback,
                 "scope": SCOPE, "state": state, "nonce": nonce, "code_challenge": challenge,
                 "code_challenge_method": "S256"}
        return f"{to}{'&' if '?' in to else '?'}{urlencode(asked)}"

    async def person(self, code: str, verifier: str, nonce: str) -> tuple[str, str]:
        """The verified address of whom the code stands for, and the provider's own name of them (sub).

        Raises NotVouched or Away."""
        about = await self.about()
        answer = await self._redeem(about, code, verifier)
        claims = await self._read(about, _text(answer, "id_token"), nonce)
        if self.settings.claim not in claims and about.userinfo:
            claims |= await self._userinfo(about, _text(answer, "access_token"), claims["sub"])
        return id_token.address(claims, self.settings.claim), claims["sub"]

    async def _redeem(self, about: About, code: str, verifier: str) -> dict[str, Any]:
        settings = self.settings
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._callback,
                "code_verifier": verifier}
        login = None
        if settings.client_secret and about.takes_basic:  # each half is encoded as in a form before it is put together
            login = (quote(settings.client_id, safe=""), quote(settings.client_secret, safe=""))
        else:
            form["client_id"] = settings.client_id
            form |= {"client_secret": settings.client_secret} if settings.client_secret else {}
        return await self._ask("POST", about.token, data=form, auth=login)

    async def _read(self, about: About, token: str, nonce: str) -> dict[str, Any]:
        """The token's claims; where its key is unknown, the keys are looked up once more."""
        expected = Expected(self.settings.issuer, self.settings.client_id, nonce)
        try:
            return id_token.read(token, await self._keys(about, REMEMBERED), about.algorithms, expected, self._now())
        except UnknownKey:
            return id_token.read(token, await self._keys(about, KEYS_ANEW), about.algorithms, expected, self._now())

    async def _keys(self, about: About, at_most: float) -> KeySet:
        """The keys, not older than so many seconds."""
        async with self._one_at_a_time:
            moment = asyncio.get_running_loop().time()
            if moment - self._known.keys_at >= at_most:
                self._known.keys = id_token.read_keys(await self._look(about.keys))
                self._known.keys_at = moment
            return self._known.keys

    async def _look(self, url: str) -> dict[str, Any]:
        """What stands there. Raises Away, at once for a while after it was."""
        if asyncio.get_running_loop().time() - self._known.away_at < GIVEN_UP:
            raise Away("it did not answer a moment ago")
        try:
            return await self._ask("GET", url)
        except Away:
            self._known.away_at = asyncio.get_running_loop().time()
            raise

    async def _userinfo(self, about: About, access: str, subject: str) -> dict[str, Any]:
        """What the provider leaves out of its tokens (Core section 5.3). It must be about the same person."""
        said = await self._ask("GET", about.userinfo, headers={"Authorization": f"Bearer {access}"})
        if said.get("sub") != subject:
            raise NotVouched("The provider told us of somebody else.")
        return {name: said[name] for name in (self.settings.claim, "email_verified") if name in said}

    async def _ask(self, method: str, url: str, **more: Any) -> dict[str, Any]:
        """Raises Away; NotVouched where what was sent is refused."""
        try:
            async with asyncio.timeout(PATIENCE), self._client() as client:
                status, content = await _bounded(client.stream(method, url, **more))
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, TimeoutError) as error:
            raise Away(f"{url} does not answer: {type(error).__name__}") from None
        if method == "POST" and 400 <= status < 500:
            raise NotVouched(f"The provider does not take the code: {status}.")
        try:
            said = json.loads(content) if status == 200 else None
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            raise Away(f"{url} says {status}, and nothing that a provider says")
        return said

    def _client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(verify=self._trust, timeout=PATIENCE, trust_env=False, follow_redirects=False,
                                  headers={"Accept": "application/json", "Accept-Encoding": "identity"})

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context()


async def _bounded(asked: AbstractAsyncContextManager[httpx2.Response]) -> tuple[int, bytes]:
    """Status and octets."""
    content = b""
    async with asked as answer:
        async for piece in answer.aiter_raw():
            content += piece
            if len(content) > MOST_READ:
                raise OSError("too much")
        return answer.status_code, content


def _text(said: dict[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value.isascii():
        raise NotVouched(f"The provider gave no {name}.")
    return value


def _about(said: dict[str, Any], issuer: str) -> About:
    """Raises Away for what is no provider, or another one (Discovery section 4.3)."""
    if said.get("issuer") != issuer:
        raise Away(f"it calls itself {str(said.get('issuer'))[:200]!r}, which is not what [agents.oidc] issuer says")
    places = [said.get(f"{name}_endpoint", "") for name in ("authorization", "token", "userinfo")]
    places.append(said.get("jwks_uri", ""))
    authorization, token, userinfo, keys = (each if isinstance(each, str) else "" for each in places)
    if not all(is_confidential(each) for each in (authorization, token, keys)) or (
            userinfo and not is_confidential(userinfo)):
        raise Away("it names a place that is not an https:// address")
    ways = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    signs_by = said.get("id_token_signing_alg_values_supported", ["RS256"])
    algorithms = tuple(each for each in ALGORITHMS if isinstance(signs_by, list) and each in signs_by)
    if not algorithms:
        raise Away(f"it signs by none of {', '.join(ALGORITHMS)}")
    return About(authorization, token, keys, userinfo, algorithms,
                 isinstance(ways, list) and "client_secret_basic" in ways,
                 said.get("authorization_response_iss_parameter_supported") is True)
