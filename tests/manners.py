"""The ways in which name servers misbehave. manner(server, query, honest answer, peer) sends what it likes."""

import random
import socket
import struct
from collections.abc import Callable

from wire_dns import ANSWER, NXDOMAIN, TRUNCATED, TYPES, encoded, question, record, reply

MANNERS: dict[str, Callable[..., None]] = {}
WITHIN, BEYOND = 0.06, 5.0
"""Seconds: within a try of any test, and beyond all of them."""
LITTLE = {1: bytes(4), 15: b"\0\0\x01a\0", 16: b"\x0bv=spf1 +all", 28: bytes(16)}
"""Data of a record, by type."""


def manner(function: Callable[..., None]) -> Callable[..., None]:
    MANNERS[function.__name__.replace("_", "-")] = function
    return function


def by_tcp(function: Callable[[bytes], bytes], *, hangs_up: bool = False) -> None:
    """Truncates over UDP, and says this over TCP."""

    def truncated(server, query, answer, peer):
        server.send(reply(query, flags=TRUNCATED), peer)

    function.hangs_up = hangs_up
    truncated.over_tcp = function
    truncated.__name__ = function.__name__
    manner(truncated)


def with_rcode(name: str, rcode: int) -> None:
    MANNERS[name] = lambda server, query, answer, peer: server.send(reply(query, rcode), peer)


for number, name in enumerate(("formerr", "servfail", "nxdomain", "notimp", "refused", "yxdomain"), 1):
    with_rcode(name, number)


@manner
def hung(server, query, answer, peer):
    pass


@manner
def slow_within(server, query, answer, peer):
    server.send(answer, peer, WITHIN)


@manner
def slow_beyond(server, query, answer, peer):
    server.send(answer, peer, BEYOND)


@manner
def lost_once(server, query, answer, peer):
    """Every first question is lost on the way."""
    heard = server.__dict__.setdefault("heard", set())
    if question(query)[:2] in heard:
        server.send(answer, peer)
    heard.add(question(query)[:2])


@manner
def other_question(server, query, answer, peer):
    asked = encoded("other.example") + question(query)[2][-4:]
    server.send(query[:2] + struct.pack("!HHHHH", ANSWER, 1, 1, 0, 0) + asked + record(TYPES["TXT"], LITTLE[16]), peer)


@manner
def other_id(server, query, answer, peer):
    server.send(bytes([query[0] ^ 0xFF]) + answer[1:], peer)


@manner
def other_port(server, query, answer, peer):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(reply(query, NXDOMAIN), peer)


@manner
def other_owner(server, query, answer, peer):
    """Records of names that nobody asked for."""
    kind = question(query)[1]
    server.send(reply(query, 0, (record(kind, LITTLE.get(kind, b"\0"), encoded("victim.example")),)), peer)


@manner
def garbage(server, query, answer, peer):
    server.send(query[:2] + random.Random(query).randbytes(300), peer)


@manner
def no_end(server, query, answer, peer):
    """Says that 65,535 records come, and sends half of one."""
    server.send(reply(query)[:6] + b"\xff\xff" + reply(query)[8:] + b"\xc0\x0c\0", peer)


@manner
def pointer_loop(server, query, answer, peer):
    at = len(reply(query))
    server.send(reply(query, 0, (record(16, b"\x01x", struct.pack("!H", 0xC000 | at)),)), peer)


@manner
def alias_loop(server, query, answer, peer):
    aliases = (record(5, encoded("a.loop.example")), record(5, encoded("b.loop.example"), encoded("a.loop.example")),
               record(5, encoded("a.loop.example"), encoded("b.loop.example")))  # fmt: skip
    server.send(reply(query, 0, aliases), peer)


@by_tcp
def huge_in_number(query: bytes) -> bytes:
    kind = question(query)[1]
    answer = reply(query, 0, (record(kind, LITTLE.get(kind, b"\x01a\0")),) * 2600)
    return struct.pack("!H", len(answer)) + answer


@by_tcp
def huge_in_length(query: bytes) -> bytes:
    answer = reply(query, 0, (record(16, (b"\xff" + b"v=spf1 +all ".ljust(255)) * 250),))
    return struct.pack("!H", len(answer)) + answer


@by_tcp
def huge_in_strings(query: bytes) -> bytes:
    """One record of 60,000 empty strings."""
    answer = reply(query, 0, (record(16, bytes(60_000)),))
    return struct.pack("!H", len(answer)) + answer


@by_tcp
def tcp_hung(query: bytes) -> bytes:
    return b""


def tcp_dead(query: bytes) -> bytes:
    return b""


def tcp_cut(query: bytes) -> bytes:
    return struct.pack("!H", 500) + reply(query)


for cut in (tcp_dead, tcp_cut):
    by_tcp(cut, hangs_up=True)
