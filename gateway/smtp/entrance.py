"""Who comes in, and by which way: simply so, from a balancer (PROXY), or inside TLS from the first octet (RFC 8314).

What comes before SMTP begins, a PROXY header or a TLS handshake, is held here and never seen by the reader of commands.
"""

import asyncio
import socket
from collections.abc import Coroutine
from typing import Any, TypeVar, cast

import structlog
from aiosmtpd import smtp as stock

from gateway.config import Listener
from gateway.smtp import policy, proxy, tls
from gateway.smtp.connection import Connection
from gateway.smtp.house import House
from gateway.smtp.limits import client_ip
from gateway.smtp.policy import Reply

log = structlog.get_logger()
T = TypeVar("T")


class Entrance(Connection):
    """A connection until its greeting, and who its client is held to be."""

    def __init__(self, house: House, loop: asyncio.AbstractEventLoop, listener: Listener) -> None:
        super().__init__(house, loop)
        self._listener = listener
        self._peer_ip = ""
        self._is_mute = listener.kind == "tls"
        self._early: bytearray | None = None
        """Octets that are no SMTP: a PROXY header that is due, the beginning of a handshake."""
        self._is_header_due = False
        self._counted_as: str | None = None
        """The address under which it is counted, while it is inside."""

    @property
    def is_from_relay(self) -> bool:
        """A mail server that we trust is at the other end of the wire, whoever its client is.

        At a unix socket are only those whom its folder lets in.
        """
        return bool(self._listener.path) or self.house.is_relay(self._peer_ip)

    @property
    def is_relay(self) -> bool:
        """The same, while it has named no client: what it does wrong is the doing of many."""
        return self.is_from_relay and self.client_ip == self._peer_ip

    @property
    def own_ip(self) -> str:
        """Where the client found us; "" at a unix socket."""
        return client_ip(self._writer.get_extra_info("sockname"))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super(stock.SMTP, self).connection_made(transport)  # asyncio's: reader and writer
        self.transport = transport
        self._wire.open(transport)
        peer = transport.get_extra_info("peername")
        self.client_ip = self._peer_ip = client_ip(peer)
        self._begin(peer)
        self.house.sessions.add(self)
        self._listen_for_commands()
        self._arm()
        self._is_header_due = self.house.is_balancer(self._peer_ip)
        if self._is_header_due or self._is_mute:
            self._early = bytearray()
        if not self._is_header_due:
            self._welcome()

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        if self._handler_coroutine is None:
            self._end()

    def eof_received(self) -> bool:
        """Who says no more before it has said who it is has nothing to wait for."""
        return super().eof_received() and self._handler_coroutine is not None

    def data_received(self, data: bytes) -> None:
        if self._early is None:
            super().data_received(data)
            return
        self._early += data
        if self._is_header_due:
            self._read_header(self._early)

    def _read_header(self, early: bytearray) -> None:
        try:
            said = proxy.read(bytes(early))
        except proxy.BadHeader:
            log.warning("balancer sent no PROXY header", balancer=self._peer_ip)
            self._is_mute = True
            self.leave(policy.NOT_HERE)
            return
        if said is None:
            return
        self._is_header_due = False
        self.client_ip = said.client_ip or self._peer_ip
        # The address that a balancer gives is no relay's, unless the relay is its client.
        self._peer_ip = self.client_ip
        del early[: said.length]
        if not self._is_mute:
            self._early = None
            super().data_received(bytes(early))
        self._welcome()

    def _welcome(self) -> None:
        """Let the client in, or send it away."""
        self.house.figures.clients += 1
        if refusal := self._fault_of_client():
            self._send_away(refusal)
            return
        self._handler_coroutine = self.loop.create_task(self._handle_client())

    def _fault_of_client(self) -> Reply | None:
        if not self.is_relay and self.house.guesses.is_harvest(self.client_ip, self.loop.time()):
            return policy.TOO_MANY_GUESSES
        refusal = self.house.guests.enter(self.client_ip, is_relay=self.is_relay)
        self._counted_as = None if refusal else self.client_ip
        return refusal

    def _send_away(self, refusal: Reply) -> None:
        log.info("client refused", client=self.client_ip, reply=str(refusal))
        self.note_refusal(refusal)
        self._is_shown_out = True
        self._out += refusal.line
        self._hang_up()

    def _become(self, ip: str) -> Reply | None:
        """The client is another one from now on; the reply when that one may not come in."""
        self._go_out()
        self.client_ip = ip
        return self._fault_of_client()

    def _go_out(self) -> None:
        if self._counted_as is not None:
            self.house.guests.leave(self._counted_as)
        self._counted_as = None

    def _end(self) -> None:
        self._go_out()
        super()._end()

    async def _open(self) -> None:
        if self._is_mute:
            await self._secure()
            self._is_mute = False
        await super()._open()

    @property
    def is_lmtp(self) -> bool:
        return self._listener.kind == "lmtp"

    @property
    def _greeting(self) -> str:
        return f"220 {self.hostname} {'LMTP' if self.is_lmtp else 'ESMTP'} Frontdesk"

    async def _secure(self) -> None:
        """The TLS handshake, then nothing is known of the client any more (RFC 3207 section 4.2)."""
        transport = cast(asyncio.WriteTransport, self.transport)  # uvloop's are no subclasses of it
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, tls.RECEIVED)
        # Not a task of its own: nothing runs between here and the handshake, so it misses nothing of what comes in.
        handshake = self.loop.start_tls(transport, self, self.house.tls, server_side=True,
                                        ssl_handshake_timeout=self.house.command_seconds)  # fmt: skip
        secured = await (handshake if self._early is None else self._late(handshake))
        cipher = secured.get_extra_info("cipher") if secured else None
        if secured is None or cipher is None:
            raise ConnectionResetError("the client left in the handshake, or had to")
        secured.set_read_buffer_limits(high=1, low=0)  # type: ignore[attr-defined]  # nothing is read ahead
        self.transport = self._writer._transport = secured  # type: ignore[attr-defined]
        self._wire.open(secured)
        self.tls = f"{cipher[1]} {cipher[0]}"
        self._begin(secured.get_extra_info("peername"))

    async def _late(self, handshake: Coroutine[Any, Any, T]) -> T:
        """A handshake whose beginning came before it could listen; until it does, all that comes in is held."""
        running = self.loop.create_task(handshake)
        # Two turns of the loop later the handshake has taken over the socket and has read nothing from it yet.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        early, self._early = bytes(self._early or b""), None
        _feed(cast(asyncio.WriteTransport, self.transport).get_protocol(), early)
        return await running



def _feed(protocol: Any, octets: bytes) -> None:
    """Give octets to a protocol that reads into its own buffer (asyncio.BufferedProtocol)."""
    while octets:
        view = memoryview(protocol.get_buffer(len(octets)))
        count = min(len(view), len(octets))
        view[:count] = octets[:count]
        protocol.buffer_updated(count)
        octets = octets[count:]
