"""Macros: RFC 7208 section 7."""

import pytest
from spf_zone import CLIENT, CLIENT6, asked, check, result

from gateway.authentication import spf_macro
from gateway.authentication.spf_macro import LETTERS, LETTERS_OF_EXPLANATIONS, Malformed

NIBBLES = "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"


async def explained(text, *, ip=CLIENT, path="joe@example.com", helo="mail.example.com", **zone):
    """The text as an explanation shows it: every macro is allowed there."""
    names = {"why.example": {"TXT": [text]}, **{name.replace("_dot_", "."): records for name, records in zone.items()}}
    domain = path.rpartition("@")[2]
    names[domain] = {"TXT": ["v=spf1 -all exp=why.example"]}
    return (await check(None, names, ip=ip, path=path, helo=helo)).explanation


@pytest.mark.parametrize(
    ("macro", "text"),
    [
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d3}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l}", "strong-bad"),
        ("%{l-}", "strong.bad"),
        ("%{lr}", "strong-bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
        ("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"),
        ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
    ],
)
async def test_7_4_the_examples_of_the_standard(macro, text):
    assert await explained(macro, ip="192.0.2.3", path="strong-bad@email.example.com") == text
    resolver = asked(None, {"email.example.com": {"TXT": [f"v=spf1 exists:{macro} -all"]}})
    await check(None, ip="192.0.2.3", path="strong-bad@email.example.com", resolver=resolver)
    assert resolver.questions[-1] == (text, "A")


async def test_7_4_the_example_for_ipv6():
    zone = {f"{NIBBLES}.ip6._spf.example.com": {"A": ["127.0.0.2"]}}
    record = "v=spf1 exists:%{ir}.%{v}._spf.%{d} -all"
    assert await result(record, zone, ip="2001:db8::cb01") == "pass"


@pytest.mark.parametrize(
    ("macro", "text"),
    [
        ("%{s}|%{l}|%{o}", "joe.b-c+tag@example.com|joe.b-c+tag|example.com"),
        ("%{d}|%{h}", "example.com|mail.example.com"),
        ("%{i}|%{c}|%{v}", "192.0.2.9|192.0.2.9|in-addr"),
        ("%{r}|%{t}|%{p}", "unknown|1700000000|unknown"),
        # 7.1: escapes; letters in either case; text beside them
        ("100%% of%_%-%{D} {d} d%%{d}", "100% of %20example.com {d} d%{d}"),
        # 7.3: parts and delimiters
        ("%{l1}|%{l2}|%{l9}|%{l127}|%{l999999999999999}", "b-c+tag|joe.b-c+tag|joe.b-c+tag|joe.b-c+tag|joe.b-c+tag"),
        ("%{l01}|%{l001r}", "b-c+tag|joe"),
        ("%{l-}|%{l+}|%{l-+}|%{l+-}|%{l.-+}", "joe.b.c+tag|joe.b-c.tag|joe.b.c.tag|joe.b.c.tag|joe.b.c.tag"),
        ("%{l1-}|%{l1+}|%{l1-+}|%{l2-+}", "c+tag|tag|tag|c.tag"),
        ("%{lr}|%{lr-}|%{lr+}|%{l2r-+}|%{lR-}", "b-c+tag.joe|c+tag.joe.b|tag.joe.b-c|c.joe.b|c+tag.joe.b"),
        ("%{l,/_=}", "joe.b-c+tag"),
        ("%{i1}|%{ir}|%{i2r}|%{h1}|%{o1}", "9|9.2.0.192|0.192|com|com"),
        ("%{S}|%{L}|%{LR-}|%{O}", "joe.b-c%2Btag%40example.com|joe.b-c%2Btag|c%2Btag.joe.b|example.com"),
    ],
)
async def test_7_2_and_7_3_letters_parts_and_delimiters(macro, text):
    assert await explained(macro, path="joe.b-c+tag@example.com") == text


@pytest.mark.parametrize("delimiter", ".-+,/_=")
async def test_7_1_every_delimiter_splits(delimiter):
    assert await explained(f"%{{lr{delimiter}}}", path=f"one{delimiter}two@example.com") == "two.one"
    zone = {"two.one.example.net": {"A": ["127.0.0.2"]}}
    record = f"v=spf1 exists:%{{lr{delimiter}}}.example.net -all"
    assert await result(record, zone, path=f"one{delimiter}two@example.com") == "pass"


async def test_7_2_i_of_ipv6_is_in_nibbles_and_c_is_readable():
    assert await explained("%{i} %{c} %{v}", ip="2001:db8::cb01") == (
        "2.0.0.1.0.D.B.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.C.B.0.1 2001:db8::cb01 ip6"
    )
    assert await explained("%{i} %{v}", ip="::ffff:192.0.2.9") == "192.0.2.9 in-addr"


async def test_7_2_the_sender_without_a_local_part_is_postmaster():
    assert await explained("%{s} %{l}", path="@example.com") == "postmaster@example.com postmaster"


async def test_7_2_the_null_path_is_postmaster_at_helo():
    zone = {"helo.example": {"TXT": ["v=spf1 -all exp=why.example"]}, "why.example": {"TXT": ["%{s} %{o} %{d} %{h}"]}}
    found = await check(None, zone, path="", helo="Helo.Example")
    assert found.explanation == "postmaster@helo.example helo.example helo.example Helo.Example"


@pytest.mark.parametrize(
    ("path", "local"),
    [('"joe bloggs"@example.com', '"joe bloggs"'), ('"a@b"@example.com', '"a@b"'), ("a@b@example.com", "a@b")],
)
async def test_7_2_the_local_part_is_everything_before_the_last_at(path, local):
    assert await explained("%{l}", path=path) == local


@pytest.mark.parametrize(
    "letter", ["a", "b", "e", "f", "g", "j", "k", "m", "n", "q", "u", "w", "x", "y", "z", "1", "", " ", "dd", "r"]
)
def test_7_1_other_letters_are_errors(letter):
    with pytest.raises(Malformed):
        spf_macro.read(f"%{{{letter}}}", LETTERS)


@pytest.mark.parametrize("letter", ["c", "r", "t", "C", "R", "T"])
@pytest.mark.parametrize("term", ["a:", "mx:", "ptr:", "include:", "exists:", "redirect=", "exp="])
async def test_7_2_c_r_and_t_are_for_explanations_only(term, letter):
    assert await result(f"v=spf1 +all {term}%{{{letter}}}.example.com") == "permerror"
    assert spf_macro.read(f"%{{{letter}}}", LETTERS_OF_EXPLANATIONS).letters == {letter.lower()}


@pytest.mark.parametrize(
    "text",
    ["%", "%%%", "a%", "% ", "%a", "%{", "%{d", "%}", "%{}", "%()", "%{d}%", "%{d0}", "%{d00r}", "%{d-1}", "%{dr1}",
     "%{drr}", "%{d.r}", "%{d;}", "%{d:}", "%{d@}", "%{d }", "%{ d}", "%{{d}}", "%d", "%{d\x00}", "\x00", "\t",
     "\x7f", "é", "%{ſ}"],
)  # fmt: skip
def test_7_1_what_is_no_macro_is_an_error(text):
    with pytest.raises(Malformed):
        spf_macro.read(text, LETTERS_OF_EXPLANATIONS)


class TestP:
    """The client's validated name (sections 7.2, 5.5)."""

    def zone(self, *pointers):
        leads_back = {name: {"A": [CLIENT]} for name in ("a.example.net", "b.example.com", "example.com", "z.example")}
        return {
            "9.2.0.192.in-addr.arpa": {"PTR": list(pointers)},
            "liar.example.com": {"A": ["198.51.100.1"]},
            **leads_back,
        }

    async def name(self, *pointers, ip=CLIENT):
        zone = {**self.zone(*pointers), "why.example": {"TXT": ["%{p}"]}}
        zone["example.com"] = {**zone["example.com"], "TXT": ["v=spf1 -all exp=why.example"]}
        return (await check(None, zone, ip=ip)).explanation

    async def test_is_the_domain_itself_before_one_below_it_before_any_other(self):
        assert await self.name("a.example.net", "b.example.com", "example.com") == "example.com"
        assert await self.name("a.example.net", "b.example.com") == "b.example.com"
        assert await self.name("a.example.net", "z.example") == "a.example.net"

    async def test_is_unknown_without_a_name_that_leads_back(self):
        assert await self.name() == "unknown"
        assert await self.name("liar.example.com", "nowhere.example", "lost.example.net") == "unknown"
        assert await self.name("b.example.com", ip=CLIENT6) == "unknown"

    async def test_is_the_domain_itself_in_whatever_case_a_record_names_it(self):
        zone = {**self.zone("b.example.com", "example.com"), "why.example": {"TXT": ["%{p}"]},
                "joe.example": {"TXT": ["v=spf1 redirect=EXAMPLE.Com"]}}  # fmt: skip
        zone["example.com"] = {"A": [CLIENT], "TXT": ["v=spf1 -all exp=why.example"]}
        assert (await check(None, zone, path="joe@joe.example")).explanation == "example.com"

    async def test_stands_in_names_too(self):
        zone = {**self.zone("b.example.com"), "b.example.com.seen.example": {"A": ["127.0.0.1"]}}
        zone.pop("example.com")
        assert await result("v=spf1 exists:%{p}.seen.example -all", zone) == "pass"


class TestNames:
    """What is expanded in a domain-spec (section 7.3)."""

    def test_keep_as_many_labels_as_fit_in_253_octets(self):
        rest = ".".join(["a" * 49] * 5) + ".bbb"
        name = spf_macro.read("%{l}.%{o}").name
        assert (len(rest), name({"l": "x", "o": rest}), name({"l": "x", "o": f"x{rest}"})) == (253, rest, rest[50:])
        assert name({"l": "x", "o": rest[2:]}) == f"x.{rest[2:]}"

    async def test_lose_labels_on_the_left_until_they_have_253_octets(self):
        local = "x" * 60
        rest = f"{local}.{local}.{local}.e.example.com"
        resolver = asked("v=spf1 exists:%{l}.%{l}.%{l}.%{l}.e.example.com -all", {rest: {"A": ["127.0.0.2"]}})
        assert await result(None, path=f"{local}@example.com", resolver=resolver) == "pass"
        assert resolver.questions[-1] == (rest, "A")

    @pytest.mark.parametrize("size", [252, 253, 254, 255, 300, 10_000])
    async def test_are_cut_at_a_dot_and_no_further_than_needed(self, size):
        resolver = asked("v=spf1 exists:%{l}.a.example -all")
        local = ("abcdefghi." * 1100)[: size - len(".a.example")].rstrip(".") + "x"
        await check(None, path=f"{local}@example.com", resolver=resolver)
        asked_for = resolver.questions[-1][0]
        assert f"{local}.a.example".endswith(asked_for)
        assert 243 <= len(asked_for) <= 253
        assert len(local) + 10 <= 253 or f".{asked_for}" in f"{local}.a.example"

    @pytest.mark.parametrize("local", ["x" * 64, "x" * 200, "a..b", ".a", "a."])
    async def test_that_cannot_be_are_not_found(self, local):
        record = "v=spf1 exists:%{l}.example.com a:%{l}.example.com mx:%{l}.example.com ~all"
        assert await result(record, path=f"{local}@example.com") == "softfail"

    async def test_lose_even_a_label_that_is_too_long_on_the_left(self):
        assert await result("v=spf1 exists:%{l}.mx.example.com -all", path=f"{'x' * 300}@example.com") == "pass"

    async def test_are_asked_without_their_final_dot_and_in_any_case(self):
        assert await result("v=spf1 exists:MX.Example.com. -all") == "pass"

    async def test_may_hold_what_no_host_name_holds(self):
        zone = {"a b%c.example.com": {"A": ["127.0.0.2"]}}
        assert await result("v=spf1 exists:a%_b%%c.%{d} -all", zone) == "pass"

    async def test_in_upper_case_are_escaped_as_in_a_url(self):
        zone = {"a%2fb%21~c_d-e.example.net": {"A": ["127.0.0.2"]}}
        assert await result("v=spf1 exists:%{L}.example.net -all", zone, path="a/b!~c_d-e@example.com") == "pass"
