"""The window: where the pages are served, in the loop of the door, which no visitor may harm.

uvicorn's protocol reads and writes HTTP/1.1; listening, patience and draining are ours, as at the door: its own server
would take the signals for itself, and waits for a slow client for ever.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import h11
import structlog
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

log = structlog.get_logger()

LARGEST_HEAD = 8192
"""Octets of request line and header fields."""
SLICE = 8192
"""Octets that are parsed before we look whether to go on; h11 takes up to 2 ms of our loop for a KiB of tiny chunks."""
STRIDE = 262_144
"""Octets of a large body for which a client has our patience once more."""
DRAIN = 5.0
"""Seconds that answers under way may take after SIGTERM."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How much a window takes of its visitors."""

    body: int
    """Octets of the largest body."""
    connections: int = 200
    """Connections at once; further ones are closed unheard."""
    patience: float = 10.0
    """Seconds that a client has for sending one request, and for taking what we wrote."""

    @property
    def request(self) -> int:
        """Octets of one http request that are read."""
        return LARGEST_HEAD + self.body


class Connection(H11Protocol):
    """One client's connection: what it sends is bounded, and whenever it is the client's turn its time is measured."""

    _patience: asyncio.TimerHandle | None = None
    _octets = 0

    def __init__(self, config: uvicorn.Config, state: ServerState, manners: Manners) -> None:
        super().__init__(config, state, {})
        self._manners = manners

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._wait()
        if len(self.connections) > self._manners.connections:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), SLICE):
            self._take(data[start : start + SLICE])
        self._take_turns()

    def _take(self, data: bytes) -> None:
        room = 0 if self._is_in_chunks() else self._manners.request - self._octets
        before, self._octets = self._octets, self._octets + len(data)
        if room <= 0:  # we are deaf: the head was enough for an answer, and then this connection ends
            return
        if before // STRIDE < self._octets // STRIDE:
            self._wait_no_more()  # and from here on anew
        super().data_received(data[:room])

    def _is_in_chunks(self) -> bool:
        """Browsers send no form so, and its size is unknown: no application of ours reads such a body."""
        is_sending = self.conn.their_state is h11.SEND_BODY
        return is_sending and any(name == b"transfer-encoding" for name, _ in self.headers or ())

    def on_response_complete(self) -> None:
        if self._octets <= self._manners.request:
            self._octets = 0
        super().on_response_complete()
        self._take_turns()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._take_turns()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._take_turns()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """An answer under way is finished; a client whose turn it is will not be waited for."""
        if self._patience is None:
            super().shutdown()
        else:
            self.transport.close()

    def _take_turns(self) -> None:
        """It is our turn from the end of a request to the end of the answer, unless the client takes none of it."""
        is_whole = self.conn.their_state not in (h11.IDLE, h11.SEND_BODY)
        is_answered = self.cycle is None or self.cycle.response_complete
        if is_whole and not is_answered and not self.flow.write_paused:
            self._wait_no_more()
        else:
            self._wait()

    def _wait(self) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(self._manners.patience, self.transport.abort)

    def _wait_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


class Window:
    """The web server. It is given its application and owns its sockets and connections only."""

    def __init__(self, listen: str, manners: Manners) -> None:
        self.manners, self._listen = manners, listen
        self._state = ServerState()
        self._servers: list[asyncio.Server] = []
        self._uvicorn = uvicorn.Config(
            self._answer, interface="asgi3", http=Connection, ws="none", lifespan="off", log_config=None,
            log_level="critical", access_log=False, proxy_headers=False, server_header=False, date_header=False,
            h11_max_incomplete_event_size=LARGEST_HEAD)
        self._uvicorn.load()

    def serve(self, app: ASGIApp, proxies: Sequence[str]) -> None:
        """Answer by this application from now on. `proxies`: whose X-Forwarded-For is believed."""
        self._app = ProxyHeadersMiddleware(app, list(proxies))  # type: ignore[arg-type]

    async def start(self, given: Callable[[str], socket.socket | None] = lambda _: None) -> None:
        """Listen, at the socket that is `given` for our address or a new one. Raises OSError where it cannot be had."""
        loop = asyncio.get_running_loop()
        host, _, port = self._listen.rpartition(":")
        found = given(self._listen)
        self._servers = [await loop.create_server(self._connection, sock=found) if found else
                         await loop.create_server(self._connection, host.strip("[]"), int(port))]
        for name, number in self.addresses:
            log.info("window open", host=name, port=number)

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of each listening socket."""
        return [each.getsockname()[:2] for server in self._servers for each in server.sockets]

    async def drain(self) -> None:
        """Let nobody in, and let the answers under way be finished."""
        for server in self._servers:
            server.close()
        for connection in list(self._state.connections):
            connection.shutdown()
        running = set(self._state.tasks)
        if running:
            _, running = await asyncio.wait(running, timeout=DRAIN)
        for connection in list(self._state.connections):
            connection.transport.abort()  # before the tasks: uvicorn would say "Internal Server Error" for each
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _connection(self) -> Connection:
        return Connection(self._uvicorn, self._state, self.manners)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)  # type: ignore[arg-type]
