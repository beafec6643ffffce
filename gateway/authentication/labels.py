"""A question about a name with odd labels, put to a name server by dnspython: c-ares refuses such names.

Names are built from labels and never parsed as master-file text: labels of strangers hold dots, blanks and worse.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode

from gateway.authentication.answer import NEGATIVE, TIMEOUT, Answer
from gateway.authentication.names import octets, presented

UDP_OCTETS = 1232
"""The size of answer that we offer to take over UDP (the DNS flag day of 2020); longer ones come over TCP."""
MAX_OCTETS = 4096
"""An answer is read on the event loop: 2 ms for so many octets, and a longer one is not read."""


class Labels:
    """timeout: seconds a try; each question has a socket of its own."""

    def __init__(self, timeout: float, tries: int):
        self._timeout, self._tries = timeout, tries
        self._failures: Counter[str] = Counter()

    async def ask(self, name: str, type: str, servers: Sequence[str]) -> Answer:
        """Those servers first that failed least. "" is the root."""
        labels = octets(name) if name else []
        question = dns.message.make_query(dns.name.Name([*labels, b""]), type, use_edns=0, payload=UDP_OCTETS)
        answer = TIMEOUT
        for _ in range(self._tries):
            for server in sorted(servers, key=self._failures.__getitem__):
                with suppress(OSError, EOFError):
                    async with asyncio.timeout(self._timeout):
                        answer = _from_reply(await _exchange(question, server), type)
                    if not answer.is_trouble:
                        self._failures[server] = 0
                        return answer
                self._failures[server] += 1
        return answer


async def _exchange(question: dns.message.Message, server: str) -> dns.message.Message:
    """The reply of one server, by TCP when it does not fit into a datagram. Raises OSError, EOFError."""
    host, _, port = server.rpartition(":")
    peer = host.strip("[]"), int(port)
    transport, waiting = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Datagrams(question), remote_addr=peer
    )
    try:
        transport.sendto(question.to_wire())
        reply = await waiting.reply
    finally:
        transport.close()
    if reply.flags & dns.flags.TC:
        return await _exchange_by_tcp(question, peer)
    return reply


class _Datagrams(asyncio.DatagramProtocol):
    """The first reply to our question counts; all else that comes is not for us."""

    def __init__(self, question: dns.message.Message):
        self._question = question
        self.reply: asyncio.Future[dns.message.Message] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, peer: object) -> None:
        with suppress(OSError):
            reply = _read(data, self._question)
            if not self.reply.done():
                self.reply.set_result(reply)

    def error_received(self, trouble: Exception) -> None:
        if not self.reply.done():
            self.reply.set_exception(trouble)


async def _exchange_by_tcp(question: dns.message.Message, peer: tuple[str, int]) -> dns.message.Message:
    reader, writer = await asyncio.open_connection(*peer)
    try:
        writer.write(question.to_wire(prepend_length=True))
        size = int.from_bytes(await reader.readexactly(2), "big")
        if size > MAX_OCTETS:
            raise OSError("The answer is too long.")
        return _read(await reader.readexactly(size), question)
    finally:
        writer.close()


def _read(wire: bytes, question: dns.message.Message) -> dns.message.Message:
    """Raises OSError when this is no reply to the question."""
    if len(wire) > MAX_OCTETS:
        raise OSError("The answer is too long.")
    try:
        reply = dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError) as trouble:
        raise OSError(f"This is no answer: {trouble}") from None
    if not question.is_response(reply):
        raise OSError("This answers another question.")
    return reply


def _from_reply(reply: dns.message.Message, type: str) -> Answer:
    rcode = dns.rcode.to_text(reply.rcode())
    if rcode in ("NXDOMAIN", "REFUSED"):
        return Answer(rcode)
    if rcode != "NOERROR":
        return Answer("SERVFAIL")
    try:
        chain = dns.message.QueryMessage.resolve_chaining(reply)  # type: ignore[arg-type]
    except dns.exception.DNSException:
        return Answer("SERVFAIL")
    values = tuple(_VALUES[type](record) for record in chain.answer or ())
    return Answer("NOERROR", values, chain.minimum_ttl if values else NEGATIVE)


_VALUES: dict[str, Callable[[Any], object]] = {
    "A": lambda data: str(data.address),
    "AAAA": lambda data: str(data.address),
    "MX": lambda data: (int(data.preference), presented(data.exchange.to_text())),
    "TXT": lambda data: b"".join(data.strings),
    "PTR": lambda data: presented(data.target.to_text()),
    "CNAME": lambda data: presented(data.target.to_text()),
    "NS": lambda data: presented(data.target.to_text()),
}
