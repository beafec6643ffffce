"""What a check may ask and cost: RFC 7208 sections 4.6.4 and 11.1, and records that want to be expensive."""

import asyncio
import time

import pytest
from spf_zone import CLIENT, CLIENT6, asked, check, result

from gateway.authentication import spf

REVERSE = "9.2.0.192.in-addr.arpa"
HOSTS = {f"h{number}.example": {"A": ["203.0.113.1"]} for number in range(120)}


def chain(length, last):
    """c0 includes c1, and so on."""
    links = {f"c{number}.example": {"TXT": [f"v=spf1 include:c{number + 1}.example -all"]} for number in range(length)}
    return {**links, f"c{length}.example": {"TXT": [last]}}


class TestLookUps:
    """Ten terms may ask DNS."""

    @pytest.mark.parametrize("term", ["a:h1.example", "mx:m.example", "ptr", "include:fail.example.net"])
    async def test_ten_are_allowed_and_eleven_are_not(self, term):
        zone = {**HOSTS, REVERSE: {"PTR": ["h1.example"]}, "m.example": {"MX": [[1, "h1.example"]]}}
        assert await result(f"v=spf1 {f'{term} ' * 10}~all", zone) == "softfail"
        assert await result(f"v=spf1 {f'{term} ' * 11}~all", zone) == "permerror"

    async def test_exists_counts_too(self):
        ten = "a:h1.example " * 10
        assert await result(f"v=spf1 {ten} exists:h1.example", HOSTS) == "permerror"

    async def test_all_kinds_are_counted_together(self):
        nine = "a mx ptr include:fail.example.net a:h1.example mx:m.example include:fail.example.net a a"
        zone = {**HOSTS, REVERSE: {"PTR": ["h1.example"]}, "m.example": {"MX": [[1, "h1.example"]]},
                "example.com": {"A": ["203.0.113.1"], "MX": [[1, "h1.example"]]}}  # fmt: skip
        assert await result(f"v=spf1 {nine} redirect=pass.example.net", zone) == "pass"
        assert await result(f"v=spf1 {nine} a redirect=pass.example.net", zone) == "permerror"

    async def test_the_first_record_all_ip4_ip6_and_exp_do_not_count(self):
        ten = "a:h1.example " * 10
        zone = {**HOSTS, "why.example": {"TXT": ["Why?"]}}
        found = await check(f"v=spf1 ip4:10.0.0.1 {ten} ip6:::1 exp=why.example -all", zone)
        assert (found.result, found.explanation) == ("fail", "Why?")

    async def test_those_of_included_and_redirected_records_count(self):
        assert await result("v=spf1 include:c0.example -all", chain(9, "v=spf1 +all")) == "pass"
        assert await result("v=spf1 include:c0.example -all", chain(10, "v=spf1 +all")) == "permerror"
        assert await result("v=spf1 redirect=c0.example", chain(9, "v=spf1 +all")) == "pass"
        assert await result("v=spf1 redirect=c0.example", chain(10, "v=spf1 +all")) == "permerror"

    async def test_only_those_that_were_tried_count(self):
        assert await result(f"v=spf1 ip4:{CLIENT} " + "a:h1.example " * 50, HOSTS) == "pass"

    async def test_the_name_of_the_client_counts_once_where_a_name_holds_it(self):
        term = "a:%{p}.example "
        zone = {**HOSTS, "unknown.example": {"A": ["203.0.113.1"]}}
        assert await result(f"v=spf1 {term * 9}~all", zone) == "softfail"
        assert await result(f"v=spf1 {term * 10}~all", zone) == "permerror"


class TestVoids:
    """Two look-ups may find nothing."""

    @pytest.mark.parametrize(
        "void",
        ["a:nowhere.example", "a:empty.example.net", "mx:nowhere.example", "mx:m.example", "exists:nowhere.example",
         "exists:empty.example.net", "ptr"],
    )  # fmt: skip
    async def test_two_are_allowed_and_three_are_not(self, void):
        zone = {"m.example": {"MX": [[1, "nowhere.example"]]}}
        assert await result(f"v=spf1 {void} {void} ~all", zone) == "softfail"
        assert await result(f"v=spf1 {void} {void} {void} ~all", zone) == "permerror"
        assert await result(f"v=spf1 {void} {void} +all {void}", zone) == "pass"

    async def test_those_of_included_records_count(self):
        zone = {"in.example": {"TXT": ["v=spf1 a:nowhere.example a:nothing.example"]}}
        assert await result("v=spf1 include:in.example ~all", zone) == "softfail"
        assert await result("v=spf1 a:void.example include:in.example ~all", zone) == "permerror"

    async def test_each_exchanger_without_an_address_is_one(self):
        zone = {"m.example": {"MX": [[1, "a.example"], [2, "b.example"], [3, "c.example"]]},
                "n.example": {"MX": [[1, "a.example"], [2, "b.example"], [3, "mx.example.com"]]}}  # fmt: skip
        assert await result("v=spf1 mx:m.example ~all", zone) == "permerror"
        assert await result("v=spf1 mx:n.example ~all", zone) == "pass"

    async def test_an_ipv6_client_makes_void_what_has_ipv4_only(self):
        assert await result("v=spf1 a:h1.example a:h2.example a:h3.example ~all", HOSTS) == "softfail"
        assert await result("v=spf1 a:h1.example a:h2.example a:h3.example ~all", HOSTS, ip=CLIENT6) == "permerror"

    async def test_no_answer_at_all_is_none_of_them(self):
        assert await result("v=spf1 a:nowhere.example a:nothing.example a:lost.example.net") == "temperror"

    async def test_nor_are_names_of_the_client_that_lead_nowhere(self):
        zone = {REVERSE: {"PTR": [f"gone{number}.example" for number in range(9)]}}
        assert await result("v=spf1 ptr ~all", zone) == "softfail"


class TestNamesOfOneTerm:
    @pytest.mark.parametrize(("count", "wanted"), [(10, "fail"), (11, "permerror"), (10_000, "permerror")])
    async def test_more_than_ten_exchangers_are_permerror(self, count, wanted):
        zone = {**HOSTS, "m.example": {"MX": [[number, f"h{number % 100}.example"] for number in range(count)]}}
        assert await result("v=spf1 mx:m.example -all", zone) == wanted

    @pytest.mark.parametrize("count", [11, 10_000])
    async def test_names_of_the_client_beyond_the_tenth_are_not_looked_at(self, count):
        names = [f"h{number % 100}.example" for number in range(count)]
        zone = {
            **HOSTS,
            "host.example.com": {"A": [CLIENT]},
            REVERSE: {"PTR": [*names[:9], "host.example.com", *names]},
        }
        assert await result("v=spf1 ptr -all", zone) == "pass"
        zone[REVERSE] = {"PTR": [*names[:10], "host.example.com"]}
        resolver = asked("v=spf1 ptr -all", zone)
        assert await result(None, resolver=resolver) == "fail"
        assert len(resolver.questions) == 1 + 1 + 10


async def test_11_1_no_record_makes_us_ask_more_than_123_questions():
    hosts = [[number, f"h{number}.example"] for number in range(10)]
    names = {
        f"m{number}.example": {"MX": [[rank, f"x{number}.{host}"] for rank, host in hosts]} for number in range(10)
    }
    zone = {
        **names,
        **{f"x{number}.{host}": {"A": ["203.0.113.1"]} for number in range(10) for _, host in hosts},
        REVERSE: {"PTR": [f"p{number}.example" for number in range(50)]},
        "unknown.example": {"TXT": ["%{p}"]},
    }
    terms = " ".join(f"mx:m{number}.example" for number in range(10))
    resolver = asked(f"v=spf1 {terms} -all exp=%{{p}}.example", zone)
    found = await check(None, resolver=resolver)
    assert (found.result, found.explanation, len(resolver.questions)) == ("fail", "unknown", 123)


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 " + "include:example.com " * 2000,
        "v=spf1 " + "redirect=example.com",
        "v=spf1 exists:%{p}.a.example exists:%{p}.b.example " + "ptr mx a " * 500,
        "v=spf1 mx:many.example include:tree.example -all exp=%{p}.example",
    ],
)
async def test_11_1_nor_do_records_that_lead_back_to_themselves(record):
    zone = {
        "tree.example": {"TXT": ["v=spf1 " + "include:tree.example mx:many.example " * 100]},
        "many.example": {"MX": [[number, f"h{number}.example"] for number in range(10)]},
        "99.113.0.203.in-addr.arpa": {"PTR": [f"h{number}.example" for number in range(100)]},
        **HOSTS,
    }
    resolver = asked(record, zone)
    assert await result(None, ip="203.0.113.99", resolver=resolver) == "permerror"
    assert len(resolver.questions) <= 123


BOMBS = {
    "64 KB of one term": "v=spf1" + " a" * 32_000,
    "64 KB of terms": "v=spf1 " + " ".join(f"ip4:10.{number // 250}.{number % 250}.1" for number in range(3_900)),
    "64 KB of modifiers": "v=spf1 " + " ".join(f"m{number}=" for number in range(8_000)),
    "64 KB of macros that nobody needs": "v=spf1 m=" + "%{d}" * 16_000,
    "64 KB of braces": "v=spf1 a:" + "%{" * 32_000,
    "64 KB of slashes": "v=spf1 a:" + "/1" * 32_000,
    "64 KB of digits": "v=spf1 a:%{d" + "1" * 64_000 + "}",
    "64 KB of delimiters": "v=spf1 a:%{d" + "." * 64_000 + "}.com",
    "macros that reverse": "v=spf1 " + " ".join(f"a:{number}" + "%{l9r.-+}" * 110 for number in range(10)),
    "macros that leave nothing": "v=spf1 " + " ".join(f"a:{number}" + "%{L1}" * 190 for number in range(10)),
    "macros of the domain": "v=spf1 " + " ".join(f"exists:{number}" + "%{D127r}" * 120 for number in range(10)),
}


@pytest.mark.parametrize("name", BOMBS)
async def test_11_1_no_record_costs_a_quarter_of_a_second(name):
    local, deep = "a.-+" * 100_000, "d." * 110 + "example.com"
    resolver = asked(None, {deep: {"TXT": [BOMBS[name][:65_000]]}, **HOSTS})
    began = time.process_time()
    found = await check(None, path=f"{local}@{deep}", helo="h." * 100_000, resolver=resolver)
    assert time.process_time() - began < 0.25
    assert found.result in ("permerror", "neutral", "softfail")


@pytest.mark.parametrize("text", ["%{l1}" * 190, "%{s}" * 240, "%{L9r.-}" * 120, "x" * 65_000, "%{s}" * 16_000])
async def test_11_1_nor_does_an_explanation(text):
    zone = {"why.example": {"TXT": [text]}}
    began = time.process_time()
    found = await check("v=spf1 -all exp=why.example", zone, path="a.-" * 100_000 + "@example.com")
    assert time.process_time() - began < 0.25
    assert (found.result, len(found.explanation) <= 500) == ("fail", True)


class Hanging:
    """DNS that never answers for some names."""

    is_away = False

    def __init__(self, zone, *silent):
        self._zone, self._silent = zone, silent

    async def query(self, name, type):
        if name in self._silent:
            await asyncio.Event().wait()
        return await self._zone.query(name, type)


async def test_4_6_4_a_check_that_takes_too_long_is_temperror(monkeypatch):
    monkeypatch.setattr(spf, "SECONDS", 0.01)
    found = await check(None, resolver=Hanging(asked("v=spf1 a:slow.example -all"), "slow.example"))
    assert (found.result, found.reason) == ("temperror", "DNS did not answer in time for the SPF of example.com.")


async def test_6_2_an_explanation_that_takes_too_long_is_left_out(monkeypatch):
    monkeypatch.setattr(spf, "EXPLANATION_SECONDS", 0.01)
    found = await check(None, resolver=Hanging(asked("v=spf1 -all exp=slow.example"), "slow.example"))
    assert (found.result, found.explanation) == ("fail", "")


async def test_a_record_that_comes_again_is_not_read_again_and_says_the_same():
    resolver = asked("v=spf1 ip4:192.0.2.9 exists:%{l}.example.net -all", {"ann.example.net": {"A": ["127.0.0.1"]}})
    mails = [(CLIENT, "joe"), ("203.0.113.1", "ann"), ("203.0.113.1", "joe"), (CLIENT, "joe")]
    results = [await result(None, resolver=resolver, ip=ip, path=f"{local}@example.com") for ip, local in mails]
    assert results == ["pass", "pass", "fail", "pass"]
