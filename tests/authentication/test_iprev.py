"""iprev: RFC 8601 sections 3 and 2.7.3."""

import pytest

from gateway.authentication import iprev
from gateway.authentication.resolver import ZoneResolver

REVERSE, REVERSE6 = "9.2.0.192.in-addr.arpa", ".".join(reversed("20010db8000000000000000000000009")) + ".ip6.arpa"


async def check(zone, ip="192.0.2.9"):
    found = await iprev.check(ip, ZoneResolver(zone))
    return found.result, found.domain


@pytest.mark.parametrize("ip", ["192.0.2.9", "[192.0.2.9]", "::ffff:192.0.2.9", "IPv6:::ffff:192.0.2.9"])
async def test_a_name_that_leads_back_is_a_pass(ip):
    zone = {REVERSE: {"PTR": ["Mail.Example.com."]}, "mail.example.com": {"A": ["198.51.100.1", "192.0.2.9"]}}
    assert await check(zone, ip) == ("pass", "mail.example.com")


@pytest.mark.parametrize("address", ["2001:db8::9", "2001:0DB8:0:0::9"])
async def test_ipv6_is_compared_as_an_address_and_not_as_text(address):
    zone = {REVERSE6: {"PTR": ["six.example"]}, "six.example": {"AAAA": [address]}}
    assert await check(zone, "2001:DB8:0::9") == ("pass", "six.example")
    assert await check(zone, "[IPv6:2001:db8::9%eth0]") == ("pass", "six.example")


async def test_one_of_several_names_is_enough():
    zone = {REVERSE: {"PTR": ["liar.example", "lost.example", "good.example"]}, "liar.example": {"A": ["198.51.100.1"]},
            "lost.example": "SERVFAIL", "good.example": {"A": ["192.0.2.9"]}}  # fmt: skip
    assert await check(zone) == ("pass", "good.example")


@pytest.mark.parametrize("there", [{"A": ["198.51.100.1"]}, {"AAAA": ["2001:db8::9"]}, "NXDOMAIN", {"A": ["192.0.2"]}])
async def test_names_that_do_not_lead_back_are_a_fail(there):
    assert await check({REVERSE: {"PTR": ["liar.example"]}, "liar.example": there}) == ("fail", "liar.example")


@pytest.mark.parametrize("nothing", ["NXDOMAIN", {"TXT": ["x"]}, {"PTR": []}])
async def test_no_name_is_permerror(nothing):
    assert await check({REVERSE: nothing}) == ("permerror", "")


@pytest.mark.parametrize("rcode", ["TIMEOUT", "SERVFAIL", "REFUSED"])
async def test_no_answer_is_temperror_where_it_could_have_led_back(rcode):
    assert (await check({REVERSE: rcode}))[0] == "temperror"
    zone = {
        REVERSE: {"PTR": ["liar.example", "lost.example"]},
        "liar.example": {"A": ["198.51.100.1"]},
        "lost.example": rcode,
    }
    assert (await check(zone))[0] == "temperror"


async def test_names_beyond_the_tenth_are_not_looked_at():
    names = {f"h{number}.example": {"A": ["198.51.100.1"]} for number in range(10)}
    zone = {**names, "good.example": {"A": ["192.0.2.9"]}, REVERSE: {"PTR": [*list(names)[:9], "good.example"]}}
    assert await check(zone) == ("pass", "good.example")
    assert await check({**zone, REVERSE: {"PTR": [*names, "good.example"]}}) == ("fail", "h0.example")


@pytest.mark.parametrize("ip", ["", "unknown", "192.0.2.999", "192.0.2.9/24"])
async def test_a_client_without_an_address_is_permerror(ip):
    assert await check({}, ip) == ("permerror", "")


@pytest.mark.parametrize("name", ["", ".", "a..b", "x" * 70 + ".example", "한국.example", "a\x00b.example"])
async def test_hostile_names_are_no_trouble(name):
    assert (await check({REVERSE: {"PTR": [name]}}))[0] in ("fail", "permerror")
