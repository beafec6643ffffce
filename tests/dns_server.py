"""A name server on loopback that answers from a zone, or in the ways that real ones misbehave."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from gateway.authentication.resolver import ZoneResolver


class NameServer(asyncio.DatagramProtocol):
    def __init__(self, zone: dict, ttl: int = 300):
        self.zone, self.ttl, self.asked = ZoneResolver(zone), ttl, []
        self.under_way = set()
        self.is_silent = False
        self.rcode = None
        self.crafted, self.payloads = {}, set()
        self.lost = {}
        """Name: so many of the next answers about it are lost on the way."""

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, peer):
        task = asyncio.ensure_future(self._answer(data, peer))
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)

    async def _answer(self, data, peer):
        query = dns.message.from_wire(data)
        question = query.question[0]
        name = b".".join(question.name.labels).decode("utf-8", "surrogateescape").removesuffix(".")
        type_ = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, type_))
        self.payloads.add(query.payload)
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        answer = await self.zone.query(name, type_)
        if self.is_silent or answer.rcode == "TIMEOUT":
            return
        reply.set_rcode(dns.rcode.from_text(self.rcode or answer.rcode))
        if answer.values and not self.rcode:
            texts = [_text(type_, value) for value in answer.values]
            reply.answer.append(dns.rrset.from_text(question.name, self.ttl, "IN", type_, *texts))
        if name in self.crafted:
            self.crafted[name](reply)
        if self.lost.get(name, 0):
            self.lost[name] -= 1
        else:
            self.transport.sendto(reply.to_wire(), peer)


def _text(type_, value):
    if type_ == "TXT":
        text = value.decode()
        return " ".join(f'"{text[start : start + 200]}"' for start in range(0, len(text) or 1, 200))
    if type_ == "MX":
        return f"{value[0]} {value[1]}."
    return value if type_ in ("A", "AAAA") else value + "."


@asynccontextmanager
async def name_server(zone: dict, host: str = "127.0.0.1", **how) -> AsyncIterator[tuple[NameServer, str]]:
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: NameServer(zone, **how), local_addr=(host, 0)
    )
    host, port = transport.get_extra_info("sockname")[:2]
    server.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        yield server, server.address
    finally:
        transport.close()
