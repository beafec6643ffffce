"""SPF by RFC 7208, section by section."""

import pytest

from gateway.authentication import spf, spf_macro, spf_record
from gateway.authentication.resolver import ZoneResolver

CLIENT, CLIENT6 = "192.0.2.9", "2001:db8::9"


async def check(record, *, ip=CLIENT, path="joe@example.com", helo="mail.example.com", **zone):
    names = {name.replace("_dot_", "."): records for name, records in zone.items()}
    here = {
        "example.com": {"TXT": [record], "A": [CLIENT], "AAAA": [CLIENT6], "MX": [[10, "mx.example.com"]]},
        "mx.example.com": {"A": [CLIENT]},
        "other.com": {"TXT": ["v=spf1 ip4:192.0.2.0/24 -all"]},
        "no.com": {"TXT": ["v=spf1 -all"]},
        "void.com": {"NS": ["x"]},
    }
    return await spf.check(ip, helo, path, ZoneResolver({**here, **names}), 1_700_000_000)


@pytest.mark.parametrize(
    ("record", "result"),
    [
        # 4.5, 4.6: selecting and reading the record
        ("v=spf1", "neutral"),
        ("V=SPF1 +ALL", "pass"),
        ("v=spf10 +all", "none"),
        ("v=spf1\t+all", "none"),
        ("v=spf1  +all ", "pass"),
        ("v=spf1 +all unknown", "permerror"),
        ("v=spf1 +all é", "permerror"),
        ("v=spf1 +all ip4:1.2.3", "permerror"),
        # 4.6.2: qualifiers
        ("v=spf1 -all", "fail"),
        ("v=spf1 ~all", "softfail"),
        ("v=spf1 ?all", "neutral"),
        # 5.1: all
        ("v=spf1 all:x.com", "permerror"),
        ("v=spf1 -all redirect=other.com", "fail"),
        # 5.2: include
        ("v=spf1 include:other.com -all", "pass"),
        ("v=spf1 include:no.com ~all", "softfail"),
        ("v=spf1 include:void.com +all", "permerror"),
        ("v=spf1 include:example.com -all", "permerror"),
        ("v=spf1 include", "permerror"),
        ("v=spf1 include:other.com/24", "permerror"),
        # 5.3, 5.4: a, mx
        ("v=spf1 a -all", "pass"),
        ("v=spf1 a/33 -all", "permerror"),
        ("v=spf1 a/24//64 -all", "pass"),
        ("v=spf1 a/024 -all", "permerror"),
        ("v=spf1 a:void.com -all", "fail"),
        ("v=spf1 a: -all", "permerror"),
        ("v=spf1 a:com -all", "permerror"),
        ("v=spf1 a:example.123 -all", "permerror"),
        ("v=spf1 mx -all", "pass"),
        ("v=spf1 mx:void.com/24 -all", "fail"),
        # 5.6: ip4, ip6
        ("v=spf1 ip4:192.0.2.9 -all", "pass"),
        ("v=spf1 ip4:192.0.2.8/31 -all", "pass"),
        ("v=spf1 ip4:192.0.2.9/0 -all", "pass"),
        ("v=spf1 ip4:192.0.2.010 -all", "permerror"),
        ("v=spf1 ip4 -all", "permerror"),
        ("v=spf1 ip6:192.0.2.9 -all", "permerror"),
        ("v=spf1 ip6:::/0 -all", "fail"),
        ("v=spf1 ip6:2001:db8::/129 -all", "permerror"),
        # 5.7: exists
        ("v=spf1 exists:example.com -all", "pass"),
        ("v=spf1 exists -all", "permerror"),
        # 6.1: redirect
        ("v=spf1 redirect=other.com", "pass"),
        ("v=spf1 redirect=void.com", "permerror"),
        ("v=spf1 redirect=other.com redirect=other.com", "permerror"),
        ("v=spf1 redirect=", "permerror"),
        # 6.2, 6.3: exp and unknown modifiers
        ("v=spf1 +all exp=a.com exp=b.com", "permerror"),
        ("v=spf1 moo=%{d} +all", "pass"),
        ("v=spf1 moo=%{x} +all", "permerror"),
        # 7: macros
        ("v=spf1 exists:%{d} -all", "pass"),
        ("v=spf1 exists:%{d0} -all", "permerror"),
        ("v=spf1 exists:%{c}.com -all", "permerror"),
        ("v=spf1 exists:%(d).com -all", "permerror"),
        ("v=spf1 exists:%{o1r}.%{d2} -all", "fail"),
    ],
)
async def test_a_record_means(record, result):
    assert (await check(record)).result == result


async def test_an_ipv4_client_in_ipv6_clothes_is_an_ipv4_client():
    assert (await check("v=spf1 ip4:192.0.2.9 -all", ip="::ffff:192.0.2.9")).result == "pass"


async def test_an_ipv6_client_is_sought_by_its_own_addresses():
    assert (await check("v=spf1 a//64 -all", ip="2001:db8::77")).result == "pass"
    assert (await check("v=spf1 a/0 -all", ip="2001:db8:1::1")).result == "fail"


@pytest.mark.parametrize(
    ("path", "helo", "domain", "detail", "result"),
    [
        ("joe@example.com", "x", "example.com", "mailfrom", "pass"),
        ("", "example.com", "example.com", "helo", "pass"),
        ("<>", "example.com", "example.com", "helo", "pass"),
        ("@example.com", "x", "example.com", "mailfrom", "pass"),
        ("example.com", "x", "example.com", "mailfrom", "pass"),
        ("joe@EXAMPLE.com.", "x", "example.com", "mailfrom", "pass"),
        ("", "[192.0.2.9]", "[192.0.2.9]", "helo", "none"),
        ("", "localhost", "localhost", "helo", "none"),
        ("joe@example..com", "x", "example..com", "mailfrom", "none"),
        ("joe@" + "a" * 64 + ".com", "x", "a" * 64 + ".com", "mailfrom", "none"),
        ("joe@nowhere.com", "x", "nowhere.com", "mailfrom", "none"),
    ],
)
async def test_who_is_asked_about(path, helo, domain, detail, result):
    found = await check("v=spf1 +all", path=path, helo=helo)
    assert (found.domain, found.detail, found.result) == (domain, detail, result)


async def test_a_domain_in_hangul_is_asked_by_its_a_labels():
    assert (
        await check("v=spf1 -all", path="a@한국.example", **{"xn--3e0b707e_dot_example": {"TXT": ["v=spf1 +all"]}})
    ).result == "pass"


async def test_several_records_are_an_error():
    assert (
        await check("", path="a@two.com", two_dot_com={"TXT": ["v=spf1 +all", "v=spf1 -all"]})
    ).result == "permerror"


@pytest.mark.parametrize("rcode", ["TIMEOUT", "SERVFAIL", "REFUSED"])
async def test_no_answer_is_no_fail(rcode):
    assert (await check("", path="a@lost.com", lost_dot_com=rcode)).result == "temperror"
    assert (await check("v=spf1 a:lost.com -all", lost_dot_com=rcode)).result == "temperror"
    assert (await check("v=spf1 include:lost.com -all", lost_dot_com=rcode)).result == "temperror"


async def test_ten_look_ups_are_allowed_and_eleven_are_not():
    many = {f"h{number}_dot_com": {"A": ["198.51.100.1"]} for number in range(11)}
    ten, eleven = (" ".join(f"a:h{number}.com" for number in range(count)) for count in (10, 11))
    assert (await check(f"v=spf1 {ten} -all", **many)).result == "fail"
    assert (await check(f"v=spf1 {eleven} -all", **many)).result == "permerror"


async def test_two_void_look_ups_are_allowed_and_three_are_not():
    assert (await check("v=spf1 a:v1.com a:v2.com -all")).result == "fail"
    assert (await check("v=spf1 a:v1.com a:v2.com exists:v3.com -all")).result == "permerror"


async def test_more_than_ten_exchangers_are_an_error():
    mx = {"MX": [[number, "mx.example.com"] for number in range(11)]}
    assert (await check("v=spf1 mx:m.com -all", m_dot_com=mx)).result == "permerror"


async def test_ptr_counts_only_names_that_lead_back():
    reverse = {
        "9.2.0.192.in-addr.arpa": {"PTR": ["host.example.com", "liar.bank.com"]},
        "host.example.com": {"A": [CLIENT]},
        "liar.bank.com": {"A": ["198.51.100.1"]},
    }
    assert (await check("v=spf1 ptr -all", **reverse)).result == "pass"
    assert (await check("v=spf1 ptr:bank.com -all", **reverse)).result == "fail"
    assert (
        await check("v=spf1 exists:%{p}.seen.com -all", **reverse, **{"host.example.com.seen.com": {"A": ["1.1.1.1"]}})
    ).result == "pass"


@pytest.mark.parametrize(
    ("macro", "text"),
    [
        (
            "%{s} %{l} %{o} %{d} %{i} %{v} %{h}",
            "a-b+c@example.com a-b+c example.com example.com 192.0.2.9 in-addr mail.example.com",
        ),
        ("%{ir}.%{v} %{d1} %{dr} %{d1r}", "9.2.0.192.in-addr com com.example example"),
        ("%{l-} %{lr-} %{l1r-} %{l+-}", "a.b+c b+c.a a a.b.c"),
        ("%{S} %% %_ %- %{c} %{t} %{r}", "a-b%2Bc%40example.com %   %20 192.0.2.9 1700000000 unknown"),
    ],
)
async def test_macros_expand_by_the_book(macro, text):
    found = await check("v=spf1 -all exp=e.com", path="a-b+c@example.com", e_dot_com={"TXT": [macro]})
    assert found.explanation == text


@pytest.mark.parametrize("texts", [["%{x}"], ["%"], ["a", "b"], [], ["é"]])
async def test_an_explanation_that_cannot_be_had_is_none(texts):
    found = await check("v=spf1 -all exp=e.com", e_dot_com={"TXT": texts})
    assert (found.result, found.explanation) == ("fail", "")


async def test_an_included_record_does_not_explain_and_a_redirected_one_does():
    inner = {"TXT": ["v=spf1 -all exp=e.com"]}
    words = {"e_dot_com": {"TXT": ["inner"]}, "inner_dot_com": inner}
    assert (await check("v=spf1 include:inner.com -all", **words)).explanation == ""
    assert (await check("v=spf1 redirect=inner.com", **words)).explanation == "inner"


async def test_a_name_too_long_loses_labels_on_the_left():
    local = "x" * 60
    name = ".".join([local] * 4) + ".e.example.com"
    zone = {name[name.index(".") + 1 :]: {"A": ["127.0.0.2"]}}
    found = await check("v=spf1 exists:%{l}.%{l}.%{l}.%{l}.e.example.com -all", path=f"{local}@example.com", **zone)
    assert found.result == "pass"


async def test_a_client_without_an_address_is_none():
    assert (await check("v=spf1 +all", ip="unknown")).result == "none"


@pytest.mark.parametrize("text", [b"v=spf1 " + b"%{" * 5000, b"v=spf1 a:" + b"/" * 9000, b"v=spf1 " + b"a" * 16000])
def test_a_hostile_record_is_an_error_at_once(text):
    with pytest.raises(spf_macro.Malformed):
        spf_record.read(text)
