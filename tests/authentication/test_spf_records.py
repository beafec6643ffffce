"""Which record speaks, and what it may say: RFC 7208 sections 3, 4.5 to 4.8 and 12."""

import pytest
from spf_zone import CLIENT, STRANGER, asked, result

from gateway.authentication import spf_record
from gateway.authentication.spf_macro import Malformed


async def test_3_1_records_of_type_spf_are_not_looked_at():
    resolver = asked(None, {"example.org": {"SPF": ["v=spf1 +all"]}})
    assert await result(None, path="joe@example.org", resolver=resolver) == "none"
    assert resolver.questions == [("example.org", "TXT")]


@pytest.mark.parametrize(
    ("records", "wanted"),
    [
        # 3.2, 4.5: exactly one; others beside it do no harm
        (["v=spf1 -all", "v=spf1 +all"], "permerror"),
        (["v=spf1 +all", "v=spf1 +all"], "permerror"),
        (["v=spf1", "V=SPF1 +all"], "permerror"),
        (["google-site-verification=x", "v=spf1 +all", "v=DMARC1; p=none"], "pass"),
        (["v=spf10 -all", "v=spf1 +all"], "pass"),
        (["v=spf2.0/pra -all", "v=spf1 +all"], "pass"),
        ([], "none"),
        # 3.3: the strings of one record are joined without a blank
        ([["v=spf1 ip4:192.0.2.9 ", "-all"]], "pass"),
        ([["v=sp", "f1 ip4:192.0.", "2.9 -all"]], "pass"),
        ([["v=spf1 ip4:192.0.2.9", "-all"]], "permerror"),
        ([["v=spf1", "+all"]], "none"),
    ],
)
async def test_one_record_speaks(records, wanted):
    assert await result(records) == wanted


@pytest.mark.parametrize(
    "text",
    ["v=spf1x", "v=spf10", "v=spf1.0 +all", "v=spf1\t+all", "v=spf1\n+all", "v=spf1\xa0+all", "v=spf1;+all",
     "v=spf1,+all", "v=spf1-all", "v=spf 1 +all", " v=spf1 +all", "\tv=spf1 +all", "\ufeffv=spf1 +all", '"v=spf1 +all"',
     "v =spf1 +all", "v= spf1 +all", "spf1 +all", "v=spf2 +all", "v＝spf1 +all", "", "v=spf", "v=ſpf1 +all"],
)  # fmt: skip
async def test_4_5_what_does_not_begin_with_the_version_is_no_record(text):
    assert await result(text) == "none"


@pytest.mark.parametrize("text", ["v=spf1 +all", "V=SPF1 +ALL", "v=SpF1    +aLL   ", "v=spf1  +all"])
async def test_4_5_the_version_and_the_names_are_read_in_any_case(text):
    assert await result(text) == "pass"


@pytest.mark.parametrize(
    "term",
    ["unknown", "all:example.com", "all/8", "all.", "all;", "-all;", "--all", "+-all", "-", "+", "?", "!all", "*all",
     "=", "=x", "1=x", "-exp=a.com", "+redirect=a.com", "-moo=x", ":", "/", "/24", "include", "include:",
     "includes:x.com", "ip4", "ip6", "ip5:1.2.3.4", "ipv4:1.2.3.4", "exists", "exists:", "a:", "mx:", "ptr:", "a/",
     "mx/", "a//", "A=%",
     "all\t-all", "\tall", "all\n", "all\r\n", "\x00", "all\x00", "\x7f", "v=spf1\x01", "a,b", "'all'", "“all”", "~аll",
     "all\xa0", "é", "a:é.com", "moo=é"],
)  # fmt: skip
@pytest.mark.parametrize("before", ["+all ", ""])
async def test_4_6_an_error_anywhere_is_permerror_whatever_matched_before(before, term):
    assert await result(f"v=spf1 {before}{term}") == "permerror"


@pytest.mark.parametrize(
    "record", [b"v=spf1 +all \xe9", b"v=spf1 +all \xc2\xa0", b"v=spf1 +all x=\xff\xfe", b"v=spf1 ip4:1.2.3.4\x80"]
)
def test_4_6_octets_beyond_ascii_are_an_error(record):
    assert spf_record.is_record(record)
    with pytest.raises(Malformed):
        spf_record.read(record)


async def test_4_6_1_terms_are_tried_from_left_to_right_and_the_first_that_matches_decides():
    assert await result("v=spf1 ?ip4:192.0.2.0/24 +all -all") == "neutral"
    assert await result("v=spf1 -ip4:203.0.113.0/24 +ip4:192.0.2.9 -all") == "pass"


async def test_4_6_1_what_stands_behind_the_match_is_not_asked_for():
    resolver = asked("v=spf1 +all a:lost.example.net include:lost.example.net redirect=lost.example.net")
    assert await result(None, resolver=resolver) == "pass"
    assert resolver.questions == [("example.com", "TXT")]


@pytest.mark.parametrize(
    ("record", "wanted"),
    [("v=spf1 all", "pass"), ("v=spf1 +all", "pass"), ("v=spf1 -all", "fail"), ("v=spf1 ~all", "softfail"),
     ("v=spf1 ?all", "neutral")],
)  # fmt: skip
async def test_4_6_2_the_qualifier_is_the_result(record, wanted):
    assert await result(record) == wanted


@pytest.mark.parametrize("record", ["v=spf1", "v=spf1 ", "v=spf1 ip4:203.0.113.1", "v=spf1 moo=x", "v=spf1 exp=x.com"])
async def test_4_7_without_a_match_the_result_is_neutral(record):
    assert await result(record) == "neutral"


@pytest.mark.parametrize(
    "domain",
    ["example.com", "example.com.", "EXAMPLE.COM", "x.museum", "xn--3e0b707e.xn--3e0b707e", "a.b-c", "a.1-2", "a.b1",
     "a.1b", "_spf.example.com", "under_score.example.com", "a/b.com", "a:b.com", "*.com", "..com", ".com", "-a.com",
     "%{d}", "x%{d}", "%{d}.com", "%%.com", "com.%{d1}", "x%%", "x%_", "x%-", "%{d}%{d}",
     "!#$&'()*+,;<=>?@[]^`{|}~.com"],
)  # fmt: skip
@pytest.mark.parametrize("term", ["include:", "exists:", "ptr:", "a:", "mx:", "redirect=", "exp="])
def test_4_8_and_12_a_domain_spec_ends_in_a_top_label_or_a_macro(term, domain):
    assert spf_record.read(f"v=spf1 {term}{domain}".encode())


@pytest.mark.parametrize(
    "domain",
    ["", "com", "museum.", "localhost", "example.123", "example.123.", "192.0.2.9", "example.-com", "example.com-",
     "example.c_m", "example.com:8080", "example.com/", "example.com..", ".", "..", "a.b\x7f", "%", "%a.com", "%{d",
     "%{}", "%{d}com", "%{d}.", "%{d}.123", "x.}", "%(d).com", "% {d}.com", "%{ d}.com", "%{d}%", "%{d}%{", "%}.com"],
)  # fmt: skip
@pytest.mark.parametrize("term", ["include:", "exists:", "ptr:", "a:", "mx:", "redirect=", "exp="])
def test_4_8_and_12_anything_else_is_no_domain_spec(term, domain):
    with pytest.raises(Malformed):
        spf_record.read(f"v=spf1 {term}{domain}".encode())


async def test_4_8_a_name_that_dns_cannot_carry_is_not_found():
    label = "x" * 64
    assert await result(f"v=spf1 a:{label}.com mx:a..com exists:{label}.net -exists:a..b.org ~all") == "softfail"
    assert await result(f"v=spf1 include:{label}.com ~all") == "permerror"


@pytest.mark.parametrize(
    ("length", "wanted"), [("/0", "pass"), ("/32", "fail"), ("/8", "fail"), ("/30", "fail"), ("", "fail")]
)
async def test_12_prefix_lengths_are_numbers_without_leading_zeros(length, wanted):
    assert await result(f"v=spf1 a{length} -all", ip=STRANGER) == wanted


@pytest.mark.parametrize("length", ["/00", "/024", "/33", "/99", "/128", "/-1", "/+8", "/ 8", "/8/", "/8/64", "/8///64",
                                    "//129", "//064", "//", "/8//", "//64/8", "/x", "/8x", "/1e1", "/0x8"])  # fmt: skip
@pytest.mark.parametrize("term", ["a", "mx", "a:example.com", "mx:%{d}"])
def test_12_other_prefix_lengths_are_errors(term, length):
    with pytest.raises(Malformed):
        spf_record.read(f"v=spf1 {term}{length}".encode())


async def test_3_4_a_long_record_is_read_to_its_end():
    record = "v=spf1 " + " ".join(f"ip4:10.{number // 250}.{number % 250}.1" for number in range(3000))
    assert await result(f"{record} ip4:{CLIENT} -all") == "pass"
    assert await result(f"{record} ip4:{CLIENT} unknown") == "permerror"


@pytest.mark.parametrize("record", ["v=spf1 " + "ip4:10.0.0.1 " * 8000 + "+all"])
async def test_3_4_what_dns_could_not_carry_is_an_error(record):
    assert await result(record) == "permerror"


@pytest.mark.parametrize("term", ["a:", "mx:", "include:", "exists:", "redirect=", "exp="])
async def test_12_a_domain_spec_longer_than_any_name_could_need_is_an_error(term):
    assert await result(f"v=spf1 +all {term}{'%{d1}.' * 160}com") == "pass"
    assert await result(f"v=spf1 +all {term}{'%{d1}.' * 180}com") == "permerror"


async def test_7_3_a_macro_may_ask_for_more_parts_than_anything_has():
    assert await result("v=spf1 m=%{d" + "1" * 5000 + "} exists:mx.%{d" + "9" * 900 + "} -all") == "pass"


async def test_3_5_a_wildcard_is_the_name_servers_affair():
    assert await result(None, {"*.example.org": {"TXT": ["v=spf1 +all"]}}, path="joe@a.example.org") == "none"
