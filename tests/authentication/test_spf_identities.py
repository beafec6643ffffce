"""Whose domain SPF speaks of: RFC 7208 sections 2.3, 2.4, 4.1, 4.3 and RFC 8616 section 4."""

import pytest
from spf_zone import CLIENT, asked, check, result

from gateway.authentication.address import client_address


@pytest.mark.parametrize(
    ("path", "helo", "domain", "identity", "result"),
    [
        # 2.4: the domain of MAIL FROM, whatever HELO says
        ("joe@example.com", "fail.example.net", "example.com", "mailfrom", "pass"),
        ("<joe@example.com>", "fail.example.net", "example.com", "mailfrom", "pass"),
        ("joe@fail.example.net", "example.com", "fail.example.net", "mailfrom", "fail"),
        # 2.4: the null path is postmaster@helo
        ("", "example.com", "example.com", "helo", "pass"),
        ("<>", "example.com", "example.com", "helo", "pass"),
        ("", "fail.example.net", "fail.example.net", "helo", "fail"),
        ("", "nowhere.example", "nowhere.example", "helo", "none"),
        ("", "EXAMPLE.COM.", "example.com", "helo", "pass"),
        # 4.3: no local part; case; the final dot
        ("@example.com", "x", "example.com", "mailfrom", "pass"),
        ("example.com", "x", "example.com", "mailfrom", "pass"),
        ("joe@EXAMPLE.com", "x", "example.com", "mailfrom", "pass"),
        ("joe@example.com.", "x", "example.com", "mailfrom", "pass"),
        ('"joe@bank.example"@example.com', "x", "example.com", "mailfrom", "pass"),
        ("@a.example,@b.example:joe@example.com", "x", "example.com", "mailfrom", "pass"),
    ],
)
async def test_the_domain_is_that_of_the_reverse_path_or_of_helo(path, helo, domain, identity, result):
    found = await check("v=spf1 +all", path=path, helo=helo)
    assert (found.domain, found.detail, found.result) == (domain, identity, result)


LABEL = "a" * 63


@pytest.mark.parametrize(
    "domain",
    [
        "localhost",
        "localhost.",
        "com",
        "[192.0.2.9]",
        "[IPv6:2001:db8::9]",
        "[IPv6:::ffff:192.0.2.9]",
        "example..com",
        ".example.com",
        "example.com..",
        ".",
        "..",
        f"a{LABEL}.example.com",
        f"{LABEL}.{LABEL}.{LABEL}.{LABEL}.example.com",
        "한" * 64 + ".example.com",
        "",
    ],
)
@pytest.mark.parametrize("identity", ["mailfrom", "helo"])
async def test_4_3_what_is_no_domain_name_of_several_labels_is_none_without_a_question(domain, identity):
    resolver = asked("v=spf1 +all", {domain or "x.example": {"TXT": ["v=spf1 +all"]}})
    path, helo = (f"joe@{domain}", "example.com") if identity == "mailfrom" else ("", domain)
    found = await check(None, path=path, helo=helo, resolver=resolver)
    assert (found.result, resolver.questions) == ("none", [])
    assert found.reason == "There is no domain name to check."


@pytest.mark.parametrize(
    "domain",
    [
        f"{LABEL}.example.com",
        f"{LABEL}.{LABEL}.{LABEL}.{'a' * 61}",
        "under_score.example.com",
        "-hyphen.example.com",
        "hyphen-.example.com",
        "192.0.2.9",
        "a b.example.com",
        "*.example.com",
        "x--y.example.com",
    ],
)
async def test_4_3_odd_names_that_dns_can_carry_are_asked_for(domain):
    assert await result(None, {domain: {"TXT": ["v=spf1 +all"]}}, path=f"joe@{domain}") == "pass"


@pytest.mark.parametrize("rcode", ["TIMEOUT", "SERVFAIL", "REFUSED"])
async def test_4_4_no_answer_for_the_record_is_temperror(rcode):
    assert await result(None, {"example.org": rcode}, path="joe@example.org") == "temperror"
    assert await result(None, {"example.org": rcode}, path="", helo="example.org") == "temperror"


@pytest.mark.parametrize("zone", [{"example.org": "NXDOMAIN"}, {"example.org": {"MX": [[1, "x.example"]]}}, {}])
async def test_4_3_no_such_name_and_no_such_record_are_none(zone):
    assert await result(None, zone, path="joe@example.org") == "none"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.9", "192.0.2.9"),
        ("[192.0.2.9]", "192.0.2.9"),
        ("::ffff:192.0.2.9", "192.0.2.9"),
        ("::FFFF:C000:209", "192.0.2.9"),
        ("IPv6:2001:DB8::9", "2001:db8::9"),
        ("[IPv6:2001:db8::9]", "2001:db8::9"),
        ("fe80::1%eth0", "fe80::1"),
        ("::192.0.2.9", "::c000:209"),
        ("192.0.2.09", None),
        ("192.0.2", None),
        ("192.0.2.9/32", None),
        ("unknown", None),
        ("", None),
        ("٣.0.2.9", None),
    ],
)
def test_4_1_the_client_is_read_as_sockets_and_address_literals_write_it(text, address):
    found = client_address(text)
    assert (None if found is None else str(found)) == address


async def test_4_1_a_client_without_an_address_is_none():
    assert await result("v=spf1 +all", ip="unknown") == "none"


HANGUL = "xn--3e0b707e.example"


@pytest.mark.parametrize(("path", "helo"), [("joe@한국.example", "x"), ("", "한국.example")])
async def test_8616_a_domain_in_u_labels_is_asked_by_its_a_labels(path, helo):
    found = await check(None, {HANGUL: {"TXT": ["v=spf1 exists:%{d}.%{o} -all"]},
                               f"{HANGUL}.{HANGUL}": {"A": ["127.0.0.2"]}}, path=path, helo=helo)  # fmt: skip
    assert (found.result, found.domain) == ("pass", HANGUL)


async def test_8616_helo_in_u_labels_is_expanded_in_a_labels():
    zone = {f"{HANGUL}.seen.example": {"A": ["127.0.0.2"]}}
    assert await result("v=spf1 exists:%{h}.seen.example -all", zone, helo="한국.example") == "pass"


@pytest.mark.parametrize(
    ("record", "wanted"),
    [
        ("v=spf1 exists:%{l}.example.net ~all", "softfail"),
        ("v=spf1 exists:%{S}.example.net ~all", "softfail"),
        ("v=spf1 a:%{L1r-}.pass.example.net ~all", "softfail"),
        ("v=spf1 include:%{l}.pass.example.net ~all", "softfail"),
        ("v=spf1 mx:%{l}.example.net -ptr:%{s}.x.example ~all", "softfail"),
        ("v=spf1 redirect=%{l}.pass.example.net", "permerror"),
        ("v=spf1 exists:%{o} -all", "pass"),
        ("v=spf1 +all", "pass"),
    ],
)
async def test_8616_a_term_that_names_a_local_part_in_utf_8_matches_nothing(record, wanted):
    everything = {f"{name}.pass.example.net": {"TXT": ["v=spf1 +all"], "A": [CLIENT]} for name in ("김", "%ea%b9%80")}
    escaped = {"%ea%b9%80%40example.com.example.net": {"A": [CLIENT]}}
    resolver = asked(record, {**everything, **escaped, "김.example.net": {"A": [CLIENT]}})
    assert await result(None, path="김@example.com", resolver=resolver) == wanted
    assert all(name.isascii() for name, _ in resolver.questions)


async def test_8616_an_explanation_in_which_a_local_part_in_utf_8_would_stand_is_left_out():
    zone = {"e.example": {"TXT": ["%{s} may not"]}, "f.example": {"TXT": ["%{S} may not"]}}
    assert (await check("v=spf1 -all exp=e.example", zone, path="김@example.com")).explanation == ""
    found = await check("v=spf1 -all exp=f.example", zone, path="김@example.com")
    assert found.explanation == "%EA%B9%80%40example.com may not"


@pytest.mark.parametrize(
    "path", ["a" * 1_000_000 + "@example.com", "joe@" + "a." * 500_000 + "com", "@" * 300_000, "joe@\ud800.example"]
)
async def test_endless_addresses_are_no_trouble(path):
    found = await check("v=spf1 exists:%{s}.%{l1r.-+}.example.net ~all", path=path, helo="h." * 300_000)
    assert found.result in ("softfail", "none")
