"""/healthz, /readyz and /metrics over HTTP/1.1 (RFC 9112), for a scraper or an orchestrator on a private address.

A listener of its own: the page for customers is open to the world, and none of this is theirs. One answer to each
connection; whoever is slow, long-winded or one too many is cut off.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

import structlog

from gateway.status.metrics import Page
from gateway.status.watch import Watch

log = structlog.get_logger()

LARGEST_HEAD = 8192
"""Octets of an http request."""
PATIENCE = 5.0
"""Seconds for one http request and its answer."""
CONNECTIONS = 20
"""At once."""
PLAIN = "text/plain; charset=utf-8"
WORDS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


class Status:
    """The server of [status]. It owns its socket and connections only."""

    def __init__(self, listen: str, watch: Watch, page: Page) -> None:
        self._listen, self._watch, self._page = listen, watch, page
        self._server: asyncio.Server | None = None
        self._inside = 0

    async def start(self, given: Callable[[str], socket.socket | None] = lambda _: None) -> None:
        """Listen, at the socket that is `given` for our address or a new one. Raises OSError where it cannot be had."""
        host, _, port = self._listen.rpartition(":")
        if found := given(self._listen):
            self._server = await asyncio.start_server(self._meet, sock=found, limit=LARGEST_HEAD)
        else:
            self._server = await asyncio.start_server(self._meet, host.strip("[]"), int(port), limit=LARGEST_HEAD)
        for name, number in self.addresses:
            log.info("status open", host=name, port=number)

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of each listening socket."""
        return [each.getsockname()[:2] for each in self._server.sockets] if self._server else []

    async def close(self) -> None:
        if self._server:
            self._server.close()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._inside += 1
        try:
            if self._inside <= CONNECTIONS:
                await self._serve(reader, writer)
        finally:
            self._inside -= 1
            writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(PATIENCE):
                writer.write(self.answer(await reader.readuntil(b"\r\n\r\n")))
                await writer.drain()

    def answer(self, head: bytes) -> bytes:
        """The whole answer to one http request."""
        line, *fields = head.decode("latin-1").split("\r\n")
        method, _, rest = line.partition(" ")
        path, _, form = rest.rpartition(" ")
        if not form.startswith("HTTP/1."):
            return _response(400, "HTTP/1.1 is spoken here\n")
        if method not in ("GET", "HEAD"):
            return _response(405, "GET or HEAD\n", more="Allow: GET, HEAD\r\n")
        whole = self._page_at(path.partition("?")[0], fields)
        return whole if method == "GET" else whole.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"

    def _page_at(self, path: str, fields: list[str]) -> bytes:
        if path == "/healthz":
            return _response(200, "alive\n")  # who hears it knows that the loop turns
        if path == "/readyz":
            reasons = self._watch.reasons
            told = "".join(f"{room}: {reason}\n" for room, reason in reasons.items())
            return _response(503 if reasons else 200, told or "ready\n")
        if path == "/metrics":
            accept = next((value for name, _, value in (each.partition(":") for each in fields)
                           if name.lower() == "accept"), "")  # fmt: skip
            return _response(200, *self._page.write(accept))
        return _response(404, "/healthz /readyz /metrics\n")


def _response(code: int, body: str | bytes, media_type: str = PLAIN, *, more: str = "") -> bytes:
    octets = body.encode() if isinstance(body, str) else body
    head = (f"HTTP/1.1 {code} {WORDS[code]}\r\nContent-Type: {media_type}\r\nContent-Length: {len(octets)}\r\n{more}"
            "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n")
    return head.encode() + octets
