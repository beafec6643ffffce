"""What matches: RFC 7208 section 5, mechanism by mechanism."""

import pytest
from spf_zone import CLIENT, CLIENT6, STRANGER, asked, check, result

REVERSE, REVERSE6 = "9.2.0.192.in-addr.arpa", ".".join(reversed("20010db8000000000000000000000009")) + ".ip6.arpa"


@pytest.mark.parametrize("rcode", ["TIMEOUT", "SERVFAIL", "REFUSED"])
@pytest.mark.parametrize(
    "term", ["a:x.example", "mx:x.example", "exists:x.example", "include:x.example", "redirect=x.example",
             "mx:y.example", "include:z.example"]
)  # fmt: skip
async def test_5_no_answer_ends_the_check_with_temperror(term, rcode):
    zone = {"x.example": rcode, "y.example": {"MX": [[1, "x.example"]]}, "z.example": {"TXT": ["v=spf1 a:x.example"]}}
    assert await result(f"v=spf1 {term}", zone) == "temperror"
    if "=" not in term:
        assert await result(f"v=spf1 {term} +all", zone) == "temperror"


@pytest.mark.parametrize("term", ["a:x.example", "mx:x.example", "exists:x.example"])
@pytest.mark.parametrize("records", ["NXDOMAIN", {"TXT": ["no address"]}])
async def test_5_what_is_not_there_does_not_match(term, records):
    assert await result(f"v=spf1 {term} ~all", {"x.example": records}) == "softfail"


async def test_5_an_ipv4_client_in_ipv6_clothes_is_an_ipv4_client():
    assert await result("v=spf1 ip4:192.0.2.9 -all", ip="::ffff:192.0.2.9") == "pass"
    assert await result("v=spf1 ip6:::/0 -all", ip="::ffff:192.0.2.9") == "fail"
    assert await result("v=spf1 ip6:::ffff:192.0.2.9 -all", ip="192.0.2.9") == "fail"


@pytest.mark.parametrize(("ip", "type"), [(CLIENT, "A"), (CLIENT6, "AAAA")])
async def test_5_addresses_of_the_clients_own_kind_are_asked_for(ip, type):
    resolver = asked("v=spf1 a:elsewhere.example.net mx -all")
    assert await result(None, ip=ip, resolver=resolver) == "pass"
    assert resolver.questions == [("example.com", "TXT"), ("elsewhere.example.net", type), ("example.com", "MX"),
                                  ("mx.example.com", type)]  # fmt: skip


class TestAll:
    """5.1"""

    @pytest.mark.parametrize("term", ["all:example.com", "all/0", "all=", "all:"])
    async def test_takes_no_argument(self, term):
        assert await result(f"v=spf1 -{term}") == "permerror"

    async def test_cancels_what_follows_and_redirect_wherever_it_stands(self):
        assert await result("v=spf1 ?all -ip4:192.0.2.9") == "neutral"
        assert await result("v=spf1 redirect=fail.example.net ?all") == "neutral"
        assert await result("v=spf1 ?all redirect=nowhere.example") == "neutral"

    async def test_with_an_equals_sign_is_a_modifier_that_nobody_knows(self):
        assert await result("v=spf1 all=x ~all") == "softfail"


class TestInclude:
    """5.2"""

    @pytest.mark.parametrize(
        ("included", "wanted"),
        [("pass", "neutral"), ("fail", "softfail"), ("softfail", "softfail"), ("neutral", "softfail"),
         ("lost", "temperror"), ("broken", "permerror"), ("none", "permerror")],
    )  # fmt: skip
    async def test_matches_when_the_inner_check_passes(self, included, wanted):
        assert await result(f"v=spf1 ?include:{included}.example.net ~all") == wanted

    @pytest.mark.parametrize("name", ["nowhere.example", "empty.example.net", "a..b.com", "%{d1}"])
    async def test_of_a_domain_without_a_record_is_permerror(self, name):
        assert await result(f"v=spf1 include:{name} +all", {"com": {"TXT": ["v=spf1 +all"]}}) == "permerror"

    async def test_of_a_domain_with_two_records_is_permerror(self):
        assert (
            await result("v=spf1 include:two.example +all", {"two.example": {"TXT": ["v=spf1", "v=spf1 a"]}})
            == "permerror"
        )

    async def test_checks_the_included_domain_and_not_the_senders(self):
        zone = {"in.example": {"TXT": ["v=spf1 a exists:%{d}.%{o}.seen.example"], "A": [STRANGER]},
                "in.example.example.com.seen.example": {"A": ["127.0.0.1"]}}  # fmt: skip
        assert await result("v=spf1 include:in.example -all", zone, ip=STRANGER) == "pass"
        assert await result("v=spf1 include:in.example -all", zone) == "pass"

    async def test_follows_redirect_inside(self):
        zone = {"in.example": {"TXT": ["v=spf1 redirect=pass.example.net"]}}
        assert await result("v=spf1 ~include:in.example -all", zone) == "softfail"

    async def test_of_itself_is_permerror(self):
        assert await result("v=spf1 include:example.com -all") == "permerror"

    @pytest.mark.parametrize(
        "term", ["include", "include:", "include/24", "include:pass.example.net/24", "include=x.com:"]
    )
    async def test_needs_a_domain_and_nothing_else(self, term):
        wanted = "neutral" if "=" in term else "permerror"
        assert await result(f"v=spf1 {term} ?all") == wanted


class TestA:
    """5.3"""

    @pytest.mark.parametrize(
        ("term", "ip", "wanted"),
        [
            ("a", CLIENT, "pass"),
            ("a", STRANGER, "fail"),
            ("a:example.com", CLIENT, "pass"),
            ("a:mx.example.com.", CLIENT, "pass"),
            ("a:MX.EXAMPLE.com", CLIENT, "pass"),
            ("a:elsewhere.example.net", "203.0.113.7", "pass"),
            ("a:empty.example.net", CLIENT, "fail"),
            ("a:%{d}", CLIENT, "pass"),
            ("a/24", "192.0.2.200", "pass"),
            ("a/31", "192.0.2.8", "pass"),
            ("a/31", "192.0.2.10", "fail"),
            ("a/0", STRANGER, "pass"),
            ("a/32", "192.0.2.8", "fail"),
            ("a//0", CLIENT6, "pass"),
            ("a//64", "2001:db8::77", "pass"),
            ("a//64", "2001:db8:0:1::77", "fail"),
            ("a//128", CLIENT6, "pass"),
            ("a/24//64", "2001:db8::77", "pass"),
            ("a/0", "2001:db8::77", "fail"),
            ("a//0", STRANGER, "fail"),
            ("a:elsewhere.example.net/24//32", "203.0.113.200", "pass"),
            ("a:%{d}/24", "192.0.2.200", "pass"),
        ],
    )
    async def test_matches_an_address_of_the_domain(self, term, ip, wanted):
        assert await result(f"v=spf1 {term} -all", ip=ip) == wanted

    async def test_looks_at_all_of_a_thousand_addresses(self):
        zone = {"many.example": {"A": [*(f"10.0.{n // 250}.{n % 250}" for n in range(1000)), CLIENT]}}
        assert await result("v=spf1 a:many.example -all", zone) == "pass"

    async def test_does_not_stumble_over_what_is_no_address(self):
        zone = {"odd.example": {"A": ["192.0.2", "", "::1", "192.0.2.9/32", "192.0.2.09", "192.0.2.9\x00", "한국"]}}
        assert await result("v=spf1 a:odd.example/0 -all", zone) == "fail"


class TestMx:
    """5.4"""

    @pytest.mark.parametrize(
        ("term", "ip", "wanted"),
        [
            ("mx", CLIENT, "pass"),
            ("mx", CLIENT6, "pass"),
            ("mx", STRANGER, "fail"),
            ("mx:example.com", CLIENT, "pass"),
            ("mx/24", "192.0.2.200", "pass"),
            ("mx//64", "2001:db8::77", "pass"),
            ("mx:%{d}/24//64", "2001:db8::77", "pass"),
            ("mx/0", CLIENT6, "pass"),
            ("mx:two.example", CLIENT, "pass"),
        ],
    )
    async def test_matches_an_address_of_a_mail_exchanger(self, term, ip, wanted):
        zone = {"two.example": {"MX": [[20, "mx.example.com."], [10, "elsewhere.example.net"]]}}
        assert await result(f"v=spf1 {term} -all", zone, ip=ip) == wanted

    async def test_does_not_take_the_domains_own_address_where_there_is_no_mx(self):
        assert await result("v=spf1 mx:mx.example.com -all") == "fail"

    async def test_asks_the_exchangers_in_their_order_until_one_matches(self):
        zone = {"two.example": {"MX": [[20, "lost.example.net"], [10, "mx.example.com"]]}}
        assert await result("v=spf1 mx:two.example -all", zone) == "pass"

    async def test_of_a_domain_that_takes_no_mail_asks_for_no_host(self):
        resolver = asked("v=spf1 mx:null.example -all", {"null.example": {"MX": [[0, "."]]}})
        assert await result(None, resolver=resolver) == "fail"
        assert resolver.questions[-1] == ("null.example", "MX")


NAMED = {
    REVERSE: {"PTR": ["Host.Example.Com.", "liar.bank.example", "gone.bank.example", "lost.example.net"]},
    "host.example.com": {"A": [CLIENT]},
    "liar.bank.example": {"A": [STRANGER]},
    REVERSE6: {"PTR": ["six.example.com"]},
    "six.example.com": {"AAAA": [CLIENT6], "A": [CLIENT]},
}


class TestPtr:
    """5.5"""

    @pytest.mark.parametrize(
        ("term", "ip", "wanted"),
        [
            ("ptr", CLIENT, "pass"),
            ("ptr", CLIENT6, "pass"),
            ("ptr", "::ffff:192.0.2.9", "pass"),
            ("ptr", STRANGER, "fail"),
            ("ptr:example.com", CLIENT, "pass"),
            ("ptr:host.example.com", CLIENT, "pass"),
            ("ptr:HOST.example.com.", CLIENT, "pass"),
            ("ptr:%{d}", CLIENT, "pass"),
            ("ptr:a.host.example.com", CLIENT, "fail"),
            ("ptr:ost.example.com", CLIENT, "fail"),
            ("ptr:bank.example", CLIENT, "fail"),
            ("ptr:%{d1}", CLIENT, "pass"),
        ],
    )
    async def test_matches_a_name_of_the_client_that_leads_back_to_it(self, term, ip, wanted):
        assert await result(f"v=spf1 {term} -all", NAMED, ip=ip) == wanted

    @pytest.mark.parametrize("rcode", ["TIMEOUT", "SERVFAIL", "REFUSED", "NXDOMAIN"])
    async def test_takes_an_error_for_no_match(self, rcode):
        assert await result("v=spf1 ptr ~all", {REVERSE: rcode}) == "softfail"
        assert (
            await result("v=spf1 ptr ~all", {REVERSE: {"PTR": ["host.example.com"]}, "host.example.com": rcode})
            == "softfail"
        )

    async def test_skips_a_name_that_cannot_be_had_and_goes_on(self):
        zone = {**NAMED, REVERSE: {"PTR": ["lost.example.net", "host.example.com"]}}
        assert await result("v=spf1 ptr -all", zone) == "pass"

    @pytest.mark.parametrize("term", ["ptr:", "ptr/24", "ptr/x.com", "ptr:example.com/24", "ptr://64"])
    async def test_takes_a_domain_and_nothing_else(self, term):
        assert await result(f"v=spf1 {term} +all") == "permerror"

    async def test_asks_once_for_the_clients_names(self):
        resolver = asked("v=spf1 ptr:a.example ptr:b.example exists:%{p}.c.example -all", NAMED)
        assert await result(None, resolver=resolver) == "fail"
        assert resolver.questions.count((REVERSE, "PTR")) == 1


class TestIp:
    """5.6"""

    @pytest.mark.parametrize(
        ("term", "ip", "wanted"),
        [
            ("ip4:192.0.2.9", CLIENT, "pass"),
            ("ip4:192.0.2.9/32", CLIENT, "pass"),
            ("ip4:192.0.2.9/31", "192.0.2.8", "pass"),
            ("ip4:192.0.2.8/31", "192.0.2.10", "fail"),
            ("ip4:192.0.2.77/24", CLIENT, "pass"),
            ("ip4:0.0.0.0/0", CLIENT, "pass"),
            ("ip4:203.0.113.1/0", CLIENT, "pass"),
            ("ip4:128.0.0.0/1", CLIENT, "pass"),
            ("ip4:0.0.0.0/0", CLIENT6, "fail"),
            ("ip4:255.255.255.255", "255.255.255.255", "pass"),
            ("ip6:2001:db8::9", CLIENT6, "pass"),
            ("ip6:2001:DB8:0:0::9", CLIENT6, "pass"),
            ("ip6:2001:db8::/32", CLIENT6, "pass"),
            ("ip6:2001:db8::8/127", CLIENT6, "pass"),
            ("ip6:2001:db8::8/128", CLIENT6, "fail"),
            ("ip6:::/0", CLIENT6, "pass"),
            ("ip6:::1", CLIENT6, "fail"),
            ("ip6:::/0", CLIENT, "fail"),
            ("ip6:2001:db8::0.0.0.9", CLIENT6, "pass"),
            ("IP6:2001:db8::9", CLIENT6, "pass"),
            ("ip6:fe80::/10", "fe80::1%eth0", "pass"),
        ],
    )
    async def test_matches_a_client_in_the_network(self, term, ip, wanted):
        assert await result(f"v=spf1 {term} -all", ip=ip) == wanted

    @pytest.mark.parametrize(
        "term",
        ["ip4", "ip4:", "ip4:192.0.2", "ip4:192.0.2.256", "ip4:192.0.2.09", "ip4:192.0.2.9.1", "ip4:192.0.2.9/33",
         "ip4:192.0.2.9/024", "ip4:192.0.2.9/", "ip4:192.0.2.9//24", "ip4:192.0.2.9/24//64", "ip4:192.0.2.9:25",
         "ip4:example.com", "ip4:%{i}", "ip4:2001:db8::9", "ip4:::ffff:192.0.2.9", "ip4/24", "ip4.192.0.2.9",
         "ip4:0xC0000209", "ip4:3221225993", "ip4:192.0.2.0-192.0.2.255", "ip4:192.0.2.*", "ip4:[192.0.2.9]",
         "ip6", "ip6:", "ip6:192.0.2.9", "ip6:2001:db8::9/129", "ip6:2001:db8::9/064", "ip6:2001:db8::9//64",
         "ip6:2001:db8:::9", "ip6:2001:db8::12345", "ip6:2001:db8::9%eth0", "ip6:1:2:3:4:5:6:7:8:9", "ip6:2001:db8",
         "ip6:[2001:db8::9]", "ip6:::g", "ip6:::1.2.3", "ip6:1::2::3", "ip6:2001:db8::/"],
    )  # fmt: skip
    async def test_takes_an_address_and_a_length_and_nothing_else(self, term):
        assert await result(f"v=spf1 +all {term}") == "permerror"
        assert await result(f"v=spf1 +all {term}", ip=CLIENT6) == "permerror"

    async def test_asks_nothing(self):
        resolver = asked("v=spf1 " + "ip4:10.0.0.1 ip6:::1 " * 20 + "-all")
        assert await result(None, resolver=resolver) == "fail"
        assert resolver.questions == [("example.com", "TXT")]


class TestExists:
    """5.7"""

    @pytest.mark.parametrize(
        ("term", "wanted"),
        [
            ("exists:mx.example.com", "pass"),
            ("exists:empty.example.net", "fail"),
            ("exists:nowhere.example", "fail"),
            ("exists:%{ir}.%{l1r+}.users.%{d}", "pass"),
        ],
    )
    async def test_matches_when_the_name_has_any_a_record(self, term, wanted):
        zone = {"9.2.0.192.joe.users.example.com": {"A": ["127.0.0.2"]}}
        assert await result(f"v=spf1 {term} -all", zone, path="joe+tag@example.com") == wanted

    async def test_asks_for_a_whatever_the_client_comes_by(self):
        zone = {"four.example": {"A": ["127.0.0.2"]}, "six.example": {"AAAA": ["::1"]}}
        assert await result("v=spf1 exists:four.example -all", zone, ip=CLIENT6) == "pass"
        assert await result("v=spf1 exists:six.example -all", zone, ip=CLIENT6) == "fail"

    @pytest.mark.parametrize("term", ["exists", "exists:", "exists:mx.example.com/24", "exists/24", "exists/x.com"])
    async def test_needs_a_domain_and_nothing_else(self, term):
        assert await result(f"v=spf1 {term} +all") == "permerror"


async def test_a_finding_says_why_in_a_sentence():
    found = await check("v=spf1 ip4:192.0.2.9 -all")
    assert found.reason == "example.com says that 192.0.2.9 may send for it (SPF)."
    found = await check("v=spf1 a:lost.example.net")
    assert found.reason == "DNS did not answer for lost.example.net (SERVFAIL)."
