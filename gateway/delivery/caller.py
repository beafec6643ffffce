"""One HTTP POST to a program outside, which may not be whom we think: by TLS, to a public address, and no further.

The name is asked for once and the connection goes to the address that was looked at, so that no second answer of DNS
leads inside. Nothing is followed (redirects), nothing is kept of what comes back but the status.
"""

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

import h11

from gateway.authentication.resolver import Resolver
from gateway.config import is_public

PATIENCE = 10.0
"""Seconds for one call from first to last."""
MOST_READ = 65_536


class NotCalled(Exception):
    """It could not be called, or said nothing that is HTTP; the sentence is for the operator."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a webhook is."""

    host: str
    port: int
    path: str
    is_tls: bool

    @classmethod
    def read(cls, url: str) -> "Target":
        """Raises ValueError with a sentence for an address that is none."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            host, port, parts = "", None, urlsplit("")
        is_plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= 500
        if not is_plain or parts.scheme not in ("http", "https") or not host or parts.username is not None:
            raise ValueError("An address is such as https://hooks.example.com/frontdesk, without a password in it.")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(host, port or (443 if parts.scheme == "https" else 80), path, parts.scheme == "https")

    @property
    def authority(self) -> str:
        """For the field Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_tls else 80) else f"{host}:{self.port}"


class Caller:
    """Calls programs outside. `inside`: nets of our own that may be called, and without TLS."""

    def __init__(self, resolver: Resolver, inside: Sequence[str], trust: ssl.SSLContext | None = None) -> None:
        self._resolver, self._inside = resolver, [ip_network(each) for each in inside]
        self._given = trust

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        return self._given or ssl.create_default_context()  # the world's roots, for who calls anybody

    async def post(self, url: str, body: bytes, headers: Sequence[tuple[str, str]]) -> int:
        """The status of the answer. Raises NotCalled."""
        try:
            target = Target.read(url)
            async with asyncio.timeout(PATIENCE):
                return await self._post(target, await self._address(target), body, headers)
        except TimeoutError:
            raise NotCalled(f"no answer within {PATIENCE:.0f} seconds") from None
        except (OSError, ValueError, h11.ProtocolError) as error:
            raise NotCalled(str(error)[:200] or type(error).__name__) from None

    async def _address(self, target: Target) -> str:
        """The first address that may be called."""
        with suppress(ValueError):
            return self._checked(str(ip_address(target.host)), target)
        found = [value for type in ("A", "AAAA") for value in (await self._resolver.query(target.host, type)).values]
        if not found:
            raise NotCalled(f"DNS knows no address of {target.host}")
        refused = NotCalled("")
        for each in found:
            try:
                return self._checked(str(each), target)
            except NotCalled as error:
                refused = error
        raise refused

    def _checked(self, ip: str, target: Target) -> str:
        address = ip_address(ip)
        address = getattr(address, "ipv4_mapped", None) or address
        if any(address in net for net in self._inside):
            return ip
        if not is_public(address):
            raise NotCalled(f"{ip} is a private address, which [agents] webhook_nets does not allow")
        if not target.is_tls:
            raise NotCalled("only https:// goes over the open network")
        return ip

    async def _post(self, target: Target, ip: str, body: bytes, headers: Sequence[tuple[str, str]]) -> int:
        tls = self._trust if target.is_tls else None
        reader, writer = await asyncio.open_connection(
            ip, target.port, ssl=tls, server_hostname=target.host if tls else None)
        try:
            http = h11.Connection(h11.CLIENT, max_incomplete_event_size=16_384)
            fields = [("Host", target.authority), ("Content-Length", str(len(body))), ("Connection", "close"), *headers]
            for event in (h11.Request(method="POST", target=target.path, headers=fields), h11.Data(data=body),
                          h11.EndOfMessage()):
                writer.write(http.send(event) or b"")
            await writer.drain()
            return await _status(http, reader)
        finally:
            writer.close()


async def _status(http: h11.Connection, reader: asyncio.StreamReader) -> int:
    read = 0
    while True:
        event = http.next_event()
        if isinstance(event, h11.Response):
            return event.status_code
        if event is h11.NEED_DATA:
            data = await reader.read(4096)
            read += len(data)
            if not data or read > MOST_READ:
                raise NotCalled("it said nothing that is HTTP")
            http.receive_data(data)
        elif not isinstance(event, h11.InformationalResponse):
            raise NotCalled("it said nothing that is HTTP")
