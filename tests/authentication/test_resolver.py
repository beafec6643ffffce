"""The resolver against real servers on loopback."""

import asyncio
import time

import dns.name
import dns.rcode
import dns.rrset
import pytest
from dns_server import name_server
from ports import free_port
from wire_dns import wire_server

from gateway.authentication.answer import TIMEOUT, Answer, Budget
from gateway.authentication.cares import FORGET_ANSWERS
from gateway.authentication.memory import Memory, lifetime
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
PATIENT = 30
"""Seconds that nobody waits for: every question is answered, however busy the machine is."""
TRIES = 4
"""One is over after 250 ms where the server is quick as a rule."""
SOME_ARE_MUTE = pytest.mark.parametrize("server", [2], indirect=True)
"""Seconds that a question waits in vain, and that the answers to the others have."""
ALL_ARE_MUTE = pytest.mark.parametrize("server", [0.1], indirect=True)


@pytest.fixture
async def server(request):
    """With a resolver that has so many seconds for a question, PATIENT unless the test says so."""
    async with name_server(ZONE) as (server, address):
        resolver = DnsResolver([address], timeout=getattr(request, "param", PATIENT) / TRIES, tries=TRIES)
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
        ("a" * 64 + ".example.com", "A", "NXDOMAIN", set()),
        ("a..example.com", "A", "NXDOMAIN", set()),
        ("", "A", "NXDOMAIN", set()),
    ],
)
async def test_a_name_server_is_heard(server, name, type_, rcode, values):
    answer = await server.resolver.query(name, type_)
    assert (answer.rcode, set(answer.values)) == (rcode, values)


@ALL_ARE_MUTE
async def test_no_answer_is_a_word_too(server):
    assert await server.resolver.query("mute.example", "A") == TIMEOUT


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


@SOME_ARE_MUTE
async def test_silent_domains_do_not_make_the_name_servers_away(server):
    for number in range(8):
        server.zone._add(f"mute{number}.example", "TIMEOUT")
    await asyncio.gather(*(server.resolver.query(f"mute{number}.example", "A") for number in range(8)))
    await server.resolver._look
    assert not server.resolver.is_away
    assert (await server.resolver.query("example.com", "A")).values == ("192.0.2.1",)


@ALL_ARE_MUTE
async def test_when_no_server_answers_nobody_waits(server):
    server.is_silent = True
    await asyncio.gather(*(server.resolver.query(f"example{number}.com", "A") for number in range(5)))
    await server.resolver._look
    assert server.resolver.is_away
    assert (await server.resolver.query("another.example", "A")).rcode == "TIMEOUT"
    assert server.resolver.figures.asked == 5
    assert ("another.example", "A") not in server.asked


@SOME_ARE_MUTE
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


@pytest.mark.parametrize("rcode", ["REFUSED", "SERVFAIL"])
async def test_a_server_that_refuses_or_fails_every_question_is_away(server, rcode):
    """A forwarder whose own servers are gone says SERVFAIL to everything."""
    server.rcode = rcode
    answers = await asyncio.gather(*(server.resolver.query(f"example{number}.com", "A") for number in range(5)))
    assert {answer.rcode for answer in answers} == {rcode}
    assert server.resolver.is_away


@SOME_ARE_MUTE
@pytest.mark.parametrize("sick", ["ill", "lame", "mute"])
async def test_a_forwarder_that_will_not_tell_of_the_root_is_not_away(server, sick):
    server.crafted[""] = lambda reply: reply.set_rcode(dns.rcode.REFUSED)
    assert (await server.resolver.query(f"{sick}.example", "A")).is_trouble
    assert not server.resolver.is_away


async def test_a_port_without_a_server_costs_a_moment_only():
    resolver = DnsResolver([f"127.0.0.1:{free_port()}"], timeout=PATIENT, tries=2)
    try:
        began = time.monotonic()
        assert (await resolver.query("example.com", "A")).is_trouble
        assert time.monotonic() - began < PATIENT, "it is twice as long when it waits"
    finally:
        await resolver.close()


async def test_a_mail_asks_so_many_questions_and_no_more(server):
    budget = Budget(server.resolver, 5, queries=3)
    answers = [await budget.query(f"n{number}.example.com", "A") for number in range(5)]
    assert [answer.rcode for answer in answers] == ["NXDOMAIN"] * 3 + ["TIMEOUT"] * 2


async def test_a_mail_waits_no_longer_than_its_budget(server):
    began = time.monotonic()
    assert (await Budget(server.resolver, 0.05).query("mute.example", "A")).rcode == "TIMEOUT"
    assert time.monotonic() - began < PATIENT


# ---- what is remembered, and how long ------------------------------------------------------------------------------


class Clock:
    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


@pytest.mark.parametrize(("name", "ttl", "seconds"), [
    ("example.com", 300, 300),
    ("example.com", 0, 5),
    ("example.com", 100_000, 3600),
    ("nothing.example.com", 300, 60),
    ("1.2.0.192.in-addr.arpa", 300, 60),
    ("ill.example", 300, 5),
    ("mute.example", 300, 5),
])  # fmt: skip
async def test_an_answer_is_remembered_for_its_time(name, ttl, seconds):
    clock = Clock()
    async with name_server(ZONE, ttl=ttl) as (_, address):
        resolver = DnsResolver([address], timeout=2 if name == "mute.example" else PATIENT, tries=1, now=clock)
        await resolver.query(name, "A")
        clock.seconds += seconds - 0.01
        await resolver.query(name, "A")
        assert resolver.figures.asked == 1
        clock.seconds += 0.02
        await resolver.query(name, "A")
        assert resolver.figures.asked == 2
        await resolver.close()


def test_a_ttl_of_more_than_31_bits_is_nought_by_rfc_2181_section_8():
    assert lifetime(Answer("NOERROR", ("192.0.2.1",), 2**31 - 1)) == 3600
    assert lifetime(Answer("NOERROR", ("192.0.2.1",), 2**31)) == 5


def test_the_oldest_answers_make_room_for_new_ones():
    memory = Memory(answers=3)
    for number in range(5):
        memory.remember(f"n{number}.example", "A", Answer("NXDOMAIN"), 0)
    assert [memory.recall(f"n{number}.example", "A", 1) for number in range(5)] == [None] * 2 + [Answer("NXDOMAIN")] * 3


def test_long_answers_make_room_by_their_octets():
    memory = Memory(octets=20_000)
    long = Answer("NOERROR", (b"x" * 8000,))
    for number in range(100):
        memory.remember(f"n{number}.example", "TXT", long, 0)
    assert sum(memory.recall(f"n{number}.example", "TXT", 1) is not None for number in range(100)) == 2


def test_what_is_asked_again_and_again_is_kept_once():
    memory = Memory(octets=20_000)
    memory.remember("other.example", "A", Answer("NXDOMAIN"), 0)
    for _ in range(100):
        memory.remember("example.com", "TXT", Answer("NOERROR", (b"x" * 8000,)), 0)
    assert memory.recall("other.example", "A", 1)


async def test_c_ares_does_not_remember_for_us(server):
    """It would, for an hour, and "no such record" too: the name would not come back before."""
    for number in range(FORGET_ANSWERS):
        await server.resolver._servers.ask(f"n{number}.example.com", "A")
    await server.resolver._servers.ask("1.2.0.192.in-addr.arpa", "A")
    server.asked.clear()
    for number in range(FORGET_ANSWERS):
        await server.resolver._servers.ask(f"m{number}.example.com", "A")
    for _ in range(FORGET_ANSWERS // 2):  # it forgets in a thread of its own, and not twice within so few answers
        await server.resolver._servers.ask("1.2.0.192.in-addr.arpa", "A")
        if has_forgotten := ("1.2.0.192.in-addr.arpa", "A") in server.asked:
            break
        await asyncio.sleep(0.2)
    assert has_forgotten


# ---- what counts as an answer: by c-ares, and by labels for odd names ----------------------------------------------

BOTH_WAYS = pytest.mark.parametrize("name", ["w.example", "o'dd name.w.example"])


def crafted(server, name, *records, rcode="NOERROR"):
    """The server's answer section, as master-file text with "@" for the name that is asked."""

    def craft(reply):
        reply.set_rcode(dns.rcode.from_text(rcode))
        reply.answer.clear()
        for owner, type_, *values in records:
            owner = reply.question[0].name if owner == "@" else owner
            values = [reply.question[0].name.to_text() if value == "@" else value for value in values]
            where = dns.name.from_text(owner) if isinstance(owner, str) else owner
            reply.answer.append(dns.rrset.from_text(where, 300, "IN", type_, *values))

    server.crafted[name] = craft


@BOTH_WAYS
@pytest.mark.parametrize(("rcode", "known_as"), [
    ("FORMERR", "SERVFAIL"), ("SERVFAIL", "SERVFAIL"), ("NXDOMAIN", "NXDOMAIN"), ("NOTIMP", "SERVFAIL"),
    ("REFUSED", "REFUSED"), ("YXDOMAIN", "SERVFAIL"), ("NOTAUTH", "SERVFAIL"), ("NOERROR", "NOERROR"),
])  # fmt: skip
async def test_every_rcode_is_one_of_five_words(server, name, rcode, known_as):
    crafted(server, name, rcode=rcode)
    assert await server.resolver.query(name, "A") == Answer(known_as)


@BOTH_WAYS
async def test_aliases_are_followed_within_the_answer(server, name):
    crafted(server, name, ("@", "CNAME", "a.example."), ("A.example", "CNAME", "b.example."),
            ("b.example", "A", "192.0.2.7"))  # fmt: skip
    assert (await server.resolver.query(name, "A")).values == ("192.0.2.7",)


@BOTH_WAYS
async def test_an_alias_is_its_own_answer_when_asked_for(server, name):
    crafted(server, name, ("@", "CNAME", "a.example."), ("a.example", "CNAME", "b.example."))
    assert (await server.resolver.query(name, "CNAME")).values == ("a.example",)


@BOTH_WAYS
async def test_aliases_in_a_circle_are_trouble(server, name):
    crafted(server, name, ("@", "CNAME", "a.example."), ("a.example", "CNAME", "b.example."),
            ("b.example", "CNAME", "a.example."))  # fmt: skip
    assert (await server.resolver.query(name, "A")).rcode == "SERVFAIL"


@BOTH_WAYS
async def test_an_alias_of_a_name_that_is_not_there_is_not_there_by_rfc_6604(server, name):
    crafted(server, name, ("@", "CNAME", "gone.example."), rcode="NXDOMAIN")
    assert (await server.resolver.query(name, "A")).rcode == "NXDOMAIN"


@BOTH_WAYS
async def test_an_alias_that_is_not_followed_is_no_record(server, name):
    crafted(server, name, ("@", "CNAME", "elsewhere.example."))
    assert (await server.resolver.query(name, "A")).is_void


@BOTH_WAYS
async def test_records_of_other_names_are_no_answer(server, name):
    crafted(server, name, ("victim.example", "A", "192.0.2.7"))
    assert (await server.resolver.query(name, "A")).is_void


@BOTH_WAYS
async def test_the_strings_of_a_txt_record_are_joined_octet_for_octet(server, name):
    crafted(server, name, ("@", "TXT", r'"v=spf1 " "" "-all" "\255\000"', '"other"'))
    assert set((await server.resolver.query(name, "TXT")).values) == {b"v=spf1 -all\xff\0", b"other"}


@BOTH_WAYS
@pytest.mark.parametrize(("target", "value"), [
    (r"a\032b.example.", "a b.example"), (r"\255.example.", "\udcff.example"), (r"\236\149\136.example.", "안.example"),
    (r"a\.b.example.", r"a\.b.example"), (r"a\\b.example.", r"a\b.example"), (".", ""),
])  # fmt: skip
async def test_odd_names_in_answers_are_labels_again(server, name, target, value):
    crafted(server, name, ("@", "PTR", target))
    assert (await server.resolver.query(name, "PTR")).values == (value,)


@BOTH_WAYS
async def test_an_answer_longer_than_any_honest_one_is_trouble(name):
    zone = {name: {"TXT": ["x" * 200] * 250}, "short.example": {"TXT": ["x" * 200] * 10}}
    with wire_server(zone) as address:
        resolver = DnsResolver([address], timeout=PATIENT, tries=1)
        assert (await resolver.query(name, "TXT")).is_trouble
        assert (await resolver.query("short.example", "TXT")).values == (b"x" * 200,) * 10
        await resolver.close()


@pytest.mark.parametrize("manner", ["huge-in-number", "huge-in-strings"])
async def test_an_answer_of_thousands_of_records_or_strings_is_not_read(manner):
    """Reading one takes up to 100 ms, in which no other question is answered."""
    with wire_server({}) as address:
        resolver = DnsResolver([address], timeout=PATIENT, tries=1)
        began = time.process_time()
        for number in range(20):
            assert (await resolver.query(f"d{number}.{manner}.sick.example", "TXT")).rcode == "SERVFAIL"
        assert time.process_time() - began < 1, "2 s when they are read; the server of this test takes its share"
        await resolver.close()


@BOTH_WAYS
async def test_what_does_not_fit_a_datagram_comes_by_tcp(name):
    with wire_server({name: {"TXT": ["x" * 200] * 15}}) as address:
        resolver = DnsResolver([address], timeout=PATIENT, tries=1)
        assert (await resolver.query(name, "TXT")).values[0] == b"x" * 200
        await resolver.close()


@pytest.mark.parametrize("name", ["a b.example", "\udcff.example", "안.example", "a\\.b.example", "a/b.example",
                                  "*.example", '"a".example', "a\0b.example", "-.example"])  # fmt: skip
async def test_names_are_built_from_labels(server, name):
    assert (await server.resolver.query(name, "A")).rcode == "NXDOMAIN"
    assert server.asked == [(name, "A")]


# ---- what c-ares must not do ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["localhost", "nodots", "vm"])
async def test_a_name_without_dots_gets_no_search_list_and_no_hosts_file(server, name, monkeypatch):
    monkeypatch.setenv("LOCALDOMAIN", "example.com")
    monkeypatch.setenv("RES_OPTIONS", "ndots:3")
    assert (await server.resolver.query(name, "A")).rcode == "NXDOMAIN"
    assert server.asked == [(name, "A")]


@BOTH_WAYS
async def test_a_little_more_than_512_octets_is_offered(server, name):
    await server.resolver.query(name, "A")
    assert server.payloads == {1232}


async def test_a_domain_slower_than_the_others_is_waited_for(server):
    """c-ares gives a try 250 ms when the server is quick as a rule, so that two of them are soon over."""
    resolver = DnsResolver([server.address], timeout=5, tries=2)
    for number in range(5):
        await resolver.query(f"n{number}.example.com", "A")
    server.lost["example.com"] = 2
    answer = await resolver.query("example.com", "A")
    await resolver.close()
    assert answer.values == ("192.0.2.1",)


@pytest.mark.parametrize("address", ["dns.example:53", "", "192.0.2.1:x:1"])
def test_a_name_server_that_is_no_address_is_refused(address):
    with pytest.raises(ValueError, match="does not appear to be an IPv4 or IPv6 address"):
        DnsResolver([address])


@pytest.mark.parametrize(("written", "meant"), [
    ("192.0.2.1", "192.0.2.1:53"), ("192.0.2.1:5353", "192.0.2.1:5353"), ("2001:db8::1", "[2001:db8::1]:53"),
    ("[2001:db8::1]", "[2001:db8::1]:53"), ("[2001:db8::1]:5353", "[2001:db8::1]:5353"),
])  # fmt: skip
async def test_a_name_server_may_have_a_port(written, meant):
    resolver = DnsResolver([written])
    assert resolver._servers.addresses == [meant]
    await resolver.close()


@BOTH_WAYS
async def test_a_name_server_may_have_an_ipv6_address(name):
    async with name_server({name: {"TXT": ["x"]}}, host="::1") as (_, address):
        resolver = DnsResolver([address], timeout=PATIENT, tries=1)
        assert (await resolver.query(name, "TXT")).values == (b"x",)
        await resolver.close()


# ---- figures -------------------------------------------------------------------------------------------------------


@SOME_ARE_MUTE
async def test_figures_say_what_was_done(server):
    for name in ("example.com", "EXAMPLE.com", "nothing.example", "ill.example", "lame.example", "mute.example"):
        await server.resolver.query(name, "A")
    await asyncio.gather(*(server.resolver.query("example.com", "MX") for _ in range(3)))
    figures = server.resolver.figures
    assert (figures.asked, figures.remembered, figures.joined) == (6, 1, 2)
    assert (figures.nxdomain, figures.servfail, figures.refused, figures.timeout) == (1, 1, 1, 1)
    assert 0.2 <= figures.longest <= figures.seconds
