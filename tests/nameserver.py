"""A DNS server on loopback that answers from a zone, for a gateway that runs in a process of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from gateway.authentication.zone import ZoneResolver


class _Protocol(asyncio.DatagramProtocol):
    def __init__(self, zone: ZoneResolver) -> None:
        self.zone = zone

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        self.task = asyncio.ensure_future(self._answer(data, address))

    async def _answer(self, data: bytes, address: Any) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        kind = dns.rdatatype.to_text(question.rdtype)
        answer = await self.zone.query(question.name.to_text(omit_final_dot=True), kind)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        response.set_rcode(dns.rcode.from_text(answer.rcode))
        if answer.values:
            texts = [_text(kind, value) for value in answer.values]
            response.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", kind, texts))
        self.transport.sendto(response.to_wire(), address)


def _text(kind: str, value: Any) -> str:
    if kind == "TXT":
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        return " ".join(f'"{text[start:start + 250]}"' for start in range(0, max(len(text), 1), 250))
    return f"{value[0]} {value[1]}." if kind == "MX" else str(value)


@contextmanager
def nameserver(zone: dict[str, Any]) -> Iterator[str]:
    """host:port of a server that answers from the zone, in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    opening = asyncio.run_coroutine_threadsafe(
        loop.create_datagram_endpoint(lambda: _Protocol(ZoneResolver(zone)), ("127.0.0.1", 0)), loop)
    transport, _ = opening.result(10)
    try:
        yield "127.0.0.1:{}".format(transport.get_extra_info("sockname")[1])
    finally:
        loop.call_soon_threadsafe(transport.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
