"""A little OpenID provider on this machine, over HTTP: honest by itself, and as wicked as a test makes it.

It recognises everybody as `person`, gives one code for one login, and takes it once, with the verifier that fits.
"""

import asyncio
import json
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

PAGE = """<!doctype html><title>Provider</title>
<form method="post"><input type="hidden" name="yes" value="1"><button>That is me</button></form>"""
CLIENT, SECRET = "frontdesk", "between us, and: odd % signs"
RSA = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "second", "use": "sig"})
STRANGER = RSAKey.generate_key(2048, {"kid": "first"})


class Provider:
    """What it says, and what it was asked."""

    def __init__(self) -> None:
        self.person: dict[str, Any] = {"sub": "4711", "email": "minji@example.com", "email_verified": True}
        self.userinfo: dict[str, Any] | None = None
        self.metadata: dict[str, Any] = {}
        self.keys: list[RSAKey | ECKey] = [RSA]
        self.signs: Callable[[dict[str, Any]], str] = lambda claims: signed(claims, RSA, "RS256")
        self.asked: list[str] = []
        """Paths, in order."""
        self.is_dumb = False
        """It takes whatever is sent and answers nothing."""
        self.now: Callable[[], float] = time.time
        self.forms: list[dict[str, str]] = []
        self.logins: list[str] = []
        """The field Authorization at the token endpoint."""
        self._codes: dict[str, dict[str, str]] = {}
        self.issuer = ""

    async def answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One http request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
        body = await reader.readexactly(int(fields.get("content-length", "0")))
        url = urlsplit(head[0].split(" ")[1])
        self.asked.append(url.path)
        if self.is_dumb:
            return writer.close()
        status, said, more = self._said(url.path, dict(parse_qsl(url.query)), dict(parse_qsl(body.decode())), fields)
        content = said.encode() if isinstance(said, str) else json.dumps(said).encode()
        kind = "text/html" if isinstance(said, str) else "application/json"
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n"
                     f"Connection: close\r\n{more}\r\n".encode() + content)
        return writer.close()

    def _said(self, path: str, query: dict[str, str], form: dict[str, str],
              fields: dict[str, str]) -> tuple[int, Any, str]:
        if path == "/.well-known/openid-configuration":
            return 200, self.about() | self.metadata, ""
        if path == "/keys":
            return 200, {"keys": [each.as_dict(private=False) for each in self.keys]}, ""
        if path == "/authorize" and not form:  # a person presses a button there
            return 200, PAGE, ""
        if path == "/authorize":
            return 303, "", f"Location: {self.recognises(query)}\r\n"
        if path == "/userinfo" and self.userinfo and fields.get("authorization") == "Bearer access":
            return 200, self.userinfo, ""
        return self._token(form, fields) if path == "/token" else (404, {}, "")

    def about(self) -> dict[str, Any]:
        return {"issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"]}

    def recognises(self, query: dict[str, str]) -> str:
        """Where whoever came with these words is sent back to."""
        code = secrets.token_urlsafe(8)
        self._codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state'], 'iss': self.issuer})}"

    def _token(self, form: dict[str, str], fields: dict[str, str]) -> tuple[int, Any, str]:
        self.forms.append(form)
        self.logins.append(fields.get("authorization", ""))
        asked = self._codes.pop(form["code"], None)
        digest = urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if asked is None or asked["code_challenge"] != digest or asked["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}, ""
        now = int(self.now())
        claims = {"iss": self.issuer, "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": asked["nonce"]}
        return 200, {"access_token": "access", "token_type": "Bearer",
                     "id_token": self.signs(claims | self.person)}, ""


def signed(claims: dict[str, Any], key: RSAKey | ECKey, algorithm: str, kid: str | None = None) -> str:
    return jws.serialize_compact({"alg": algorithm, "kid": kid or key.kid}, json.dumps(claims), key,
                                 algorithms=[algorithm])


def forged(header: dict[str, str], claims: dict[str, Any], signature: Callable[[bytes], bytes] = lambda _: b"") -> str:
    """A token that no library would make."""
    parts = ".".join(_part(json.dumps(each).encode()) for each in (header, claims))
    return f"{parts}.{_part(signature(parts.encode()))}"


def _part(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


@asynccontextmanager
async def open_provider(host: str = "127.0.0.1") -> AsyncIterator[Provider]:
    provider = Provider()
    server = await asyncio.start_server(provider.answers, host, 0)
    provider.issuer = f"http://{host}:{server.sockets[0].getsockname()[1]}"
    try:
        yield provider
    finally:
        server.close()
        await server.wait_closed()
