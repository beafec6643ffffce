"""The resolver against real servers on loopback."""

import asyncio
import socket
import time

import pytest
from dns_server import name_server

from gateway.authentication.answer import Budget
from gateway.authentication.resolver import DnsResolver

ZONE = {
    "example.com": {
        "TXT": ["v=spf1 -all", ["a" * 150, "b" * 150]],
        "MX": [[10, "mx.example.com"]],
        "A": ["192.0.2.1"],
        "AAAA": ["2001:db8::1"],
    },
    "1.2.0.192.in-addr.arpa": {"PTR": ["mx.example.com"]},
    "o'dd name!.example.com": {"TXT": ["odd"], "MX": [[5, "mx"]], "A": ["192.0.2.9"]},
    "lame.example": {"*": "REFUSED"},
    "ill.example": {"*": "SERVFAIL"},
    "mute.example": {"*": "TIMEOUT"},
}


@pytest.fixture
async def server():
    async with name_server(ZONE) as (server, address):
        resolver = DnsResolver([address], timeout=0.2, tries=1)
        server.resolver = resolver
        yield server
        await resolver.close()


@pytest.mark.parametrize(
    ("name", "type_", "rcode", "values"),
    [
        ("example.com", "TXT", "NOERROR", {b"v=spf1 -all", b"a" * 150 + b"b" * 150}),
        ("EXAMPLE.com.", "MX", "NOERROR", {(10, "mx.example.com")}),
        ("example.com", "A", "NOERROR", {"192.0.2.1"}),
        ("example.com", "AAAA", "NOERROR", {"2001:db8::1"}),
        ("1.2.0.192.in-addr.arpa", "PTR", "NOERROR", {"mx.example.com"}),
        ("nothing.example.com", "TXT", "NXDOMAIN", set()),
        ("1.2.0.192.in-addr.arpa", "TXT", "NOERROR", set()),
        ("o'dd name!.example.com", "TXT", "NOERROR", {b"odd"}),
        ("o'dd name!.example.com", "MX", "NOERROR", {(5, "mx")}),
        ("o'dd name!.example.com", "A", "NOERROR", {"192.0.2.9"}),
        ("odd, too.example.com", "A", "NXDOMAIN", set()),
        ("ill.example", "A", "SERVFAIL", set()),
        ("lame.example", "A", "REFUSED", set()),
        ("mute.example", "A", "TIMEOUT", set()),
        ("a" * 64 + ".example.com", "A", "NXDOMAIN", set()),
        ("a..example.com", "A", "NXDOMAIN", set()),
        ("", "A", "NXDOMAIN", set()),
    ],
)
async def test_a_name_server_is_heard(server, name, type_, rcode, values):
    answer = await server.resolver.query(name, type_)
    assert (answer.rcode, set(answer.values)) == (rcode, values)


async def test_an_answer_is_remembered(server):
    for _ in range(3):
        assert (await server.resolver.query("example.com", "A")).values == ("192.0.2.1",)
    assert server.asked == [("example.com", "A")]


async def test_equal_questions_under_way_are_asked_once(server):
    answers = await asyncio.gather(*(server.resolver.query("example.com", "A") for _ in range(20)))
    assert {answer.values for answer in answers} == {("192.0.2.1",)}
    assert server.asked == [("example.com", "A")]


async def test_one_who_gives_up_does_not_take_the_answer_from_the_others(server):
    patient = asyncio.ensure_future(server.resolver.query("example.com", "A"))
    hasty = asyncio.ensure_future(server.resolver.query("example.com", "A"))
    await asyncio.sleep(0)
    hasty.cancel()
    assert (await patient).values == ("192.0.2.1",)


async def test_silent_domains_do_not_make_the_name_servers_away(server):
    for number in range(8):
        server.zone._add(f"mute{number}.example", "TIMEOUT")
    await asyncio.gather(*(server.resolver.query(f"mute{number}.example", "A") for number in range(8)))
    await server.resolver._look
    assert not server.resolver.is_away
    assert (await server.resolver.query("example.com", "A")).values == ("192.0.2.1",)


async def test_when_no_server_answers_nobody_waits(server):
    server.is_silent = True
    await asyncio.gather(*(server.resolver.query(f"example{number}.com", "A") for number in range(5)))
    await server.resolver._look
    assert server.resolver.is_away
    began = time.monotonic()
    assert (await server.resolver.query("another.example", "A")).rcode == "TIMEOUT"
    assert time.monotonic() - began < 0.1


async def test_name_servers_that_come_back_are_noticed(server):
    server.is_silent = True
    await asyncio.gather(*(server.resolver.query(f"example{number}.com", "A") for number in range(5)))
    await server.resolver._look
    server.is_silent = False
    server.resolver._looked -= 10
    assert (await server.resolver.query("example.com", "A")).rcode == "TIMEOUT"
    await server.resolver._look
    assert not server.resolver.is_away
    assert (await server.resolver.query("example.com", "A")).values == ("192.0.2.1",)


async def test_a_server_that_refuses_everybody_is_away(server):
    server.rcode = "REFUSED"
    await asyncio.gather(*(server.resolver.query(f"example{number}.com", "A") for number in range(5)))
    await server.resolver._look
    assert server.resolver.is_away


async def test_a_server_that_fails_every_question_is_heard_and_not_away(server):
    server.rcode = "SERVFAIL"
    answers = await asyncio.gather(*(server.resolver.query(f"example{number}.com", "A") for number in range(5)))
    assert {answer.rcode for answer in answers} == {"SERVFAIL"}
    assert not server.resolver.is_away


async def test_a_port_without_a_server_costs_a_moment_only():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    resolver = DnsResolver([address], timeout=0.2, tries=2)
    try:
        began = time.monotonic()
        assert (await resolver.query("example.com", "A")).is_trouble
        assert time.monotonic() - began < 0.6
    finally:
        await resolver.close()


async def test_a_mail_asks_so_many_questions_and_no_more(server):
    budget = Budget(server.resolver, 5, queries=3)
    answers = [await budget.query(f"n{number}.example.com", "A") for number in range(5)]
    assert [answer.rcode for answer in answers] == ["NXDOMAIN"] * 3 + ["TIMEOUT"] * 2


async def test_a_mail_waits_no_longer_than_its_budget(server):
    began = time.monotonic()
    assert (await Budget(server.resolver, 0.05).query("mute.example", "A")).rcode == "TIMEOUT"
    assert time.monotonic() - began < 0.15
