"""A name server that costs next to nothing, in a process of its own: the loop that is measured has its core to itself.

usage: python wire_dns.py PORT DELAY_MILLISECONDS < zone.json
One line of JSON comes in, `{name: {TYPE: [values]}}`; a line goes out when it listens; it ends when its standard input
does. Names below `<manner>.sick.example` are answered in that manner (manners.py), and by TCP too.
"""

import asyncio
import json
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from ports import free_port

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}
NOERROR, NXDOMAIN = 0, 3
ANSWER, TRUNCATED = 0x8180, 0x0200
UDP_OCTETS = 1232
TTL = 300
Peer = Any


def encoded(name: str) -> bytes:
    labels = [label.encode() for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def rdata(type_: str, value: Any) -> bytes:
    if type_ in ("A", "AAAA"):
        return ip_address(value).packed
    if type_ == "MX":
        return struct.pack("!H", value[0]) + encoded(value[1])
    if type_ == "TXT":
        text = value.encode()
        return b"".join(bytes([len(part)]) + part for part in _parts(text))
    return encoded(value)


def _parts(text: bytes) -> list[bytes]:
    return [text[start : start + 255] for start in range(0, len(text) or 1, 255)]


def record(type_: int, data: bytes, owner: bytes = b"\xc0\x0c") -> bytes:
    """A record of the name that was asked, unless it has another owner."""
    return owner + struct.pack("!HHIH", type_, 1, TTL, len(data)) + data


def question(query: bytes) -> tuple[str, int, bytes]:
    """Name, type, and the question section as it came."""
    labels, at = [], 12
    while size := query[at]:
        labels.append(query[at + 1 : at + 1 + size])
        at += 1 + size
    name = b".".join(labels).decode("utf-8", "surrogateescape").lower()
    return name, int.from_bytes(query[at + 1 : at + 3], "big"), query[12 : at + 5]


def reply(query: bytes, rcode: int = NOERROR, records: tuple[bytes, ...] = (), flags: int = 0) -> bytes:
    _, _, asked = question(query)
    return query[:2] + struct.pack("!HHHHH", ANSWER | flags | rcode, 1, len(records), 0, 0) + asked + b"".join(records)


class Zone:
    """Ready-made records by name and type."""

    def __init__(self, zone: dict[str, dict[str, list[Any]]]) -> None:
        self._records = {
            (name.lower(), TYPES[type_]): tuple(record(TYPES[type_], rdata(type_, value)) for value in values)
            for name, types in zone.items() for type_, values in types.items()
        }  # fmt: skip
        self._names = {".".join(labels[at:]) for name in zone if (labels := name.lower().split("."))
                       for at in range(len(labels))}  # fmt: skip

    def answer(self, query: bytes) -> bytes:
        name, type_, _ = question(query)
        if name not in self._names:
            return reply(query, NXDOMAIN)
        return reply(query, NOERROR, self._records.get((name, type_), ()))


class Server(asyncio.DatagramProtocol):
    def __init__(self, zone: Zone, delay: float, manners: dict[str, Callable[..., None]]) -> None:
        self.zone, self.delay, self.manners = zone, delay, manners
        self.loop = asyncio.get_running_loop()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, query: bytes, peer: Peer) -> None:
        answer = self.zone.answer(query)
        if manner := self.manner(query):
            manner(self, query, answer, peer)
        elif len(answer) > UDP_OCTETS:
            self.send(reply(query, flags=TRUNCATED), peer)
        else:
            self.send(answer, peer, self.delay)

    def send(self, wire: bytes, peer: Peer, delay: float = 0) -> None:
        if delay:
            self.loop.call_later(delay, self.transport.sendto, wire, peer)
        else:
            self.transport.sendto(wire, peer)

    def manner(self, query: bytes) -> Callable[..., None] | None:
        before, sick, _ = question(query)[0].partition(".sick.example")
        return self.manners.get(before.rpartition(".")[2]) if sick else None

    async def over_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                query = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
                manner = getattr(self.manner(query), "over_tcp", None)
                answer = manner(query) if manner else self.zone.answer(query)
                writer.write(struct.pack("!H", len(answer)) + answer if not manner else answer)
                if manner and manner.hangs_up:
                    break
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()


async def serve(zone: Zone, port: int, delay: float) -> None:
    from manners import MANNERS

    loop = asyncio.get_running_loop()
    _, server = await loop.create_datagram_endpoint(lambda: Server(zone, delay, MANNERS), ("127.0.0.1", port))
    await asyncio.start_server(server.over_tcp, "127.0.0.1", port)
    over = asyncio.Event()
    loop.add_reader(sys.stdin, over.set)
    print("listening", flush=True)
    await over.wait()


@contextmanager
def wire_server(zone: dict[str, Any], delay_milliseconds: int = 0) -> Iterator[str]:
    """host:port of such a server, running."""
    port = free_port()
    words = [sys.executable, __file__, str(port), str(delay_milliseconds)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(zone) + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "listening\n"
        yield f"127.0.0.1:{port}"
        process.stdin.close()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    asyncio.run(serve(Zone(json.loads(sys.stdin.readline())), int(sys.argv[1]), int(sys.argv[2]) / 1000))
