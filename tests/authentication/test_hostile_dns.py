"""Name servers that hang, lie, cut and flood: the mail is answered within its budget, nobody fails for it (RFC 8601
section 2.7: temperror), and mails of other domains do not feel it."""

import asyncio
import gc
import socket
import time
from statistics import median

import pytest
from manners import MANNERS
from ports import free_port
from signing import NOW, record, rsa_key, sign
from wire_dns import wire_server

from gateway.authentication.answer import Answer
from gateway.authentication.check import check
from gateway.authentication.resolver import DnsResolver, ZoneResolver

TRY, TRIES = 1, 2
BUDGET = 30
"""Seconds. A mail has ten for DNS in all, and a hung server would hold it for ever."""
WAITING = 50
AT_ONCE = TRY * TRIES
"""Seconds. Some milliseconds when the machine is calm; who waits for one hung question waits for so long."""
HEALTHY = "well.example"
MAIL = b"From: Joe <joe@%s>\r\nTo: us@desk.example\r\nSubject: Hello\r\n\r\nbody\r\n"


def domain_zone(domain: str) -> dict:
    return {
        domain: {"TXT": [f"v=spf1 a mx include:spf.{domain} -all"], "MX": [[10, f"mx.{domain}"]], "A": ["192.0.2.9"]},
        f"spf.{domain}": {"TXT": ["v=spf1 ip4:192.0.2.1 -all"]},
        f"mx.{domain}": {"A": ["192.0.2.8"]},
        f"_dmarc.{domain}": {"TXT": ["v=DMARC1; p=reject"]},
        f"s1._domainkey.{domain}": {"TXT": [record(rsa_key())]},
    }


ZONE = {
    "1.2.0.192.in-addr.arpa": {"PTR": ["mail.well.example"]},
    "mail.well.example": {"A": ["192.0.2.1"]},
}
for name in (HEALTHY, *(f"{manner}.sick.example" for manner in MANNERS), *(f"d{n}.{HEALTHY}" for n in range(10))):
    ZONE |= domain_zone(name)


@pytest.fixture(scope="module")
def server():
    with wire_server(ZONE) as address:
        yield address


@pytest.fixture
async def resolver(server):
    resolver = DnsResolver([server], timeout=TRY, tries=TRIES)
    yield resolver
    await resolver.close()


def signed(domain: str) -> bytes:
    return sign(MAIL % domain.encode(), domain=domain)


async def judged(message: bytes, domain: str, resolver: DnsResolver):
    return await check(message, client_ip="192.0.2.1", helo=f"mail.{domain}", reverse_path=f"joe@{domain}",
                       resolver=resolver, now=NOW)  # fmt: skip


IS_HEARD = {"slow-within", "lost-once"}
SAYS_THAT_NOTHING_IS_THERE = {"nxdomain", "other-owner"}
GIVES_NO_ANSWER = sorted(MANNERS.keys() - IS_HEARD - SAYS_THAT_NOTHING_IS_THERE)


def outcome(found) -> tuple[str, ...]:
    return found.identity, found.spf.result, found.dkim[0].result, found.dmarc.result


@pytest.mark.parametrize("manner", GIVES_NO_ANSWER)
async def test_no_answer_is_neither_for_nor_against_and_comes_in_time(resolver, manner):
    domain = f"{manner}.sick.example"
    message = signed(domain)
    began = time.monotonic()
    found = await judged(message, domain, resolver)
    assert time.monotonic() - began < BUDGET
    assert outcome(found) == ("unknown", "temperror", "temperror", "temperror")
    assert found.iprev.result == "pass", "the client's name is another's and well"
    assert not found.no_dns


@pytest.mark.parametrize("manner", sorted(SAYS_THAT_NOTHING_IS_THERE))
async def test_no_such_record_is_an_answer(resolver, manner):
    domain = f"{manner}.sick.example"
    assert outcome(await judged(signed(domain), domain, resolver)) == ("none", "none", "permerror", "none")


@pytest.mark.parametrize("manner", sorted(IS_HEARD))
async def test_a_slow_answer_is_an_answer(resolver, manner):
    domain = f"{manner}.sick.example"
    assert outcome(await judged(signed(domain), domain, resolver)) == ("verified-dkim", "pass", "pass", "pass")


@pytest.mark.parametrize("manner", ["hung", "slow-beyond", "servfail", "garbage", "tcp-hung", "tcp-cut",
                                    "huge-in-length"])  # fmt: skip
async def test_mails_of_other_domains_do_not_feel_it(resolver, small_heap, manner):
    domains = [f"d{number}.{manner}.sick.example" for number in range(WAITING)]
    mails = [(signed(domain), domain) for domain in domains]
    others = [(signed(f"d{number}.{HEALTHY}"), f"d{number}.{HEALTHY}") for number in range(10)]
    stalls = Stalls()
    waiting = []
    for mail, domain in mails:
        waiting.append(asyncio.ensure_future(judged(mail, domain, resolver)))
        await asyncio.sleep(0.001)
    took = []
    for mail, domain in others:
        began = time.monotonic()
        assert (await judged(mail, domain, resolver)).identity == "verified-dkim"
        took.append(time.monotonic() - began)
    assert median(took) < AT_ONCE
    assert {(await each).identity for each in waiting} == {"unknown"}
    assert await stalls.longest() < AT_ONCE


@pytest.fixture
def small_heap():
    """pytest's own heap, walked by a full collection, would hold the loop for 60 ms."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


class Stalls:
    """How long the event loop did not come round."""

    def __init__(self) -> None:
        self.seen = [0.0]
        self.task = asyncio.ensure_future(self._tick())

    async def _tick(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            self.seen.append(time.perf_counter() - before - 0.001)

    async def longest(self) -> float:
        self.task.cancel()
        return max(self.seen)


# ---- several servers -----------------------------------------------------------------------------------------------


@pytest.fixture
def dead():
    """The port of a server that is gone: nobody listens there."""
    return f"127.0.0.1:{free_port()}"


@pytest.fixture
def hung():
    """A server that hears and says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{silent.getsockname()[1]}"


@pytest.mark.parametrize("ill", ["dead", "hung"])
async def test_one_good_server_of_two_is_enough(server, ill, request):
    resolver = DnsResolver([request.getfixturevalue(ill), server], timeout=TRY, tries=TRIES)
    try:
        found = await judged(signed(HEALTHY), HEALTHY, resolver)
        assert outcome(found) == ("verified-dkim", "pass", "pass", "pass")
        assert (await resolver.query("o'dd.well.example", "TXT")).rcode == "NXDOMAIN"
        assert not resolver.is_away
    finally:
        await resolver.close()


@pytest.mark.parametrize("ill", ["dead", "hung"])
async def test_no_server_at_all_fails_nobody_and_is_known_soon(ill, request):
    resolver = DnsResolver([request.getfixturevalue(ill)], timeout=0.1, tries=2)
    try:
        found = await judged(signed(HEALTHY), HEALTHY, resolver)
        assert outcome(found) == ("unknown", "temperror", "temperror", "temperror")
        await resolver._look
        assert resolver.is_away
        asked = resolver.figures.asked
        found = await judged(signed("other.example"), "other.example", resolver)
        assert (found.identity, found.no_dns) == ("unknown", True)
        assert resolver.figures.asked == asked
    finally:
        await resolver.close()


async def test_a_server_that_dies_in_the_middle_takes_no_mail_with_it():
    with wire_server(ZONE, 60_000) as address:
        resolver = DnsResolver([address], timeout=0.2, tries=2)
        asked = asyncio.ensure_future(judged(signed(HEALTHY), HEALTHY, resolver))
        await asyncio.sleep(0.05)
    try:
        assert outcome(await asked) == ("unknown", "temperror", "temperror", "temperror")
    finally:
        await resolver.close()


# ---- time is not used up by strangers --------------------------------------------------------------------------------


class Dawdling(ZoneResolver):
    """The forger's servers answer nothing before the last question about the author's domain was put."""

    def __init__(self) -> None:
        super().__init__({
            "author.example": {"A": ["192.0.2.9"]},
            "_dmarc.author.example": {"TXT": ["v=DMARC1; p=reject; sp=none; np=reject"]},
            "forger.example": {"TXT": ["v=spf1 -all"]},
        })
        self.asked = asyncio.Event()

    def recall(self, name: str, type: str) -> None:
        """Nothing is known without asking."""

    async def query(self, name: str, type: str) -> Answer:
        if (name, type) == ("missing.author.example", "A"):
            self.asked.set()
        if name.endswith("forger.example"):
            async with asyncio.timeout(60):
                await self.asked.wait()
        return super().recall(name, type)


async def test_whether_the_author_s_domain_exists_is_asked_before_slow_strangers_have_answered():
    found = await check(MAIL % b"missing.author.example", client_ip="192.0.2.1", helo="mail.forger.example",
                        reverse_path="joe@forger.example", resolver=Dawdling(), now=NOW)  # fmt: skip
    assert (found.identity, found.dmarc.policy, found.spf.result) == ("failed", "reject", "fail")


class SlowNames(ZoneResolver):
    """The forger's address has ten names in DNS, whose servers answer only when all were asked for."""

    def __init__(self) -> None:
        names = [f"n{number}.forger.example" for number in range(10)]
        super().__init__({
            "author.example": {"TXT": ["v=spf1 ptr -all"]},
            "_dmarc.author.example": {"TXT": ["v=DMARC1; p=reject"]},
            "1.2.0.192.in-addr.arpa": {"PTR": names},
        })
        self.left = set(names)
        self.asked = asyncio.Event()

    def recall(self, name: str, type: str) -> None:
        """Nothing is known without asking."""

    async def query(self, name: str, type: str) -> Answer:
        if name.endswith("forger.example"):
            self.left.discard(name)
            if not self.left:
                self.asked.set()
            async with asyncio.timeout(60):
                await self.asked.wait()
        return super().recall(name, type)


async def test_a_forger_s_slow_names_make_no_temperror_of_the_fail_of_a_record_with_ptr():
    found = await check(MAIL % b"author.example", client_ip="192.0.2.1", helo="mail.forger.example",
                        reverse_path="joe@author.example", resolver=SlowNames(), now=NOW)  # fmt: skip
    assert (found.identity, found.spf.result) == ("failed", "fail")
