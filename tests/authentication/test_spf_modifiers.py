"""What stands beside the mechanisms: RFC 7208 section 6."""

import pytest
from spf_zone import CLIENT, STRANGER, asked, check, result


@pytest.mark.parametrize(
    "term",
    ["moo=", "moo=x", "moo=%{d}", "moo=%{c}%{r}%{t}", "m-o.o_1=%%", "ip4=1.2.3.4", "a=b", "mx=", "v=spf1", "op=auth",
     "include=lost.example.net", "default=pass", "moo=a=b:c/d"],
)  # fmt: skip
async def test_6_modifiers_that_nobody_knows_are_ignored_wherever_and_however_often(term):
    assert await result(f"v=spf1 {term} ip4:{CLIENT} {term} -all {term}") == "pass"


@pytest.mark.parametrize(
    "term", ["moo=%", "moo=%{", "moo=%{x}", "moo=%{d0}", "moo=%d", "moo=%{dd}", "1oo=x", "_o=x", "=x"]
)
async def test_6_but_their_value_must_be_a_macro_string(term):
    assert await result(f"v=spf1 +all {term}") == "permerror"


@pytest.mark.parametrize("name", ["redirect", "exp", "REDIRECT", "Exp"])
async def test_6_redirect_and_exp_come_once(name):
    term = f"{name}=pass.example.net"
    assert await result(f"v=spf1 +all {term}") == "pass"
    assert await result(f"v=spf1 +all {term} {term}") == "permerror"
    assert await result(f"v=spf1 {term} +all {name.swapcase()}=other.example.net") == "permerror"


class TestRedirect:
    """6.1"""

    @pytest.mark.parametrize(
        ("to", "wanted"),
        [("pass", "pass"), ("fail", "fail"), ("softfail", "softfail"), ("neutral", "neutral"), ("lost", "temperror"),
         ("broken", "permerror"), ("none", "permerror")],
    )  # fmt: skip
    async def test_hands_the_check_over(self, to, wanted):
        assert await result(f"v=spf1 redirect={to}.example.net") == wanted
        assert await result(f"v=spf1 redirect={to}.example.net ip4:203.0.113.1") == wanted

    @pytest.mark.parametrize("name", ["nowhere.example", "empty.example.net", "a..b.com", "%{d1}", "x" * 64 + ".com"])
    async def test_to_a_domain_without_a_record_is_permerror(self, name):
        assert await result(f"v=spf1 redirect={name}", {"com": {"TXT": ["v=spf1 +all"]}}) == "permerror"

    async def test_is_not_followed_when_a_mechanism_matches(self):
        resolver = asked(f"v=spf1 redirect=fail.example.net ip4:{CLIENT}")
        assert await result(None, resolver=resolver) == "pass"
        assert resolver.questions == [("example.com", "TXT")]

    async def test_makes_the_target_the_domain_and_leaves_the_sender(self):
        zone = {"to.example": {"TXT": ["v=spf1 a exists:%{d}.%{o}.seen.example -all"], "A": [STRANGER]},
                "to.example.example.com.seen.example": {"A": ["127.0.0.1"]}}  # fmt: skip
        assert await result("v=spf1 redirect=to.example", zone, ip=STRANGER) == "pass"
        assert await result("v=spf1 redirect=to.example", zone) == "pass"
        assert (await check("v=spf1 redirect=to.example", zone)).domain == "example.com"

    async def test_expands_macros(self):
        assert await result("v=spf1 redirect=%{l}.example.net", path="pass@example.com") == "pass"

    async def test_in_a_circle_is_permerror(self):
        assert await result("v=spf1 redirect=example.com") == "permerror"

    @pytest.mark.parametrize(
        "term",
        ["redirect=", "redirect", "redirect:pass.example.net", "redirect=com", "?redirect=a.b", "redirect=%{c}.com",
         "redirect=pass.example.net/24", "redirect=%"],
    )  # fmt: skip
    async def test_takes_a_domain_spec(self, term):
        assert await result(f"v=spf1 +all {term}") == "permerror"


class TestExp:
    """6.2"""

    async def test_explains_a_fail_in_the_domains_words(self):
        zone = {"why.example.com": {"TXT": ["Mail of %{d} does not come from %{i}."]}}
        found = await check("v=spf1 -all exp=why.%{d}", zone)
        assert found.explanation == "Mail of example.com does not come from 192.0.2.9."

    @pytest.mark.parametrize(
        "record", ["v=spf1 +all", "v=spf1 ~all", "v=spf1 ?all", "v=spf1", "v=spf1 unknown", "v=spf1 a:lost.example.net"]
    )
    async def test_is_asked_for_only_then(self, record):
        resolver = asked(f"{record} exp=why.example", {"why.example": {"TXT": ["Why?"]}})
        assert (await check(None, resolver=resolver)).explanation == ""
        assert ("why.example", "TXT") not in resolver.questions

    @pytest.mark.parametrize("rcode", ["TIMEOUT", "SERVFAIL", "REFUSED", "NXDOMAIN"])
    async def test_that_cannot_be_had_leaves_the_fail_as_it_is(self, rcode):
        found = await check("v=spf1 -all exp=why.example", {"why.example": rcode})
        assert (found.result, found.explanation) == ("fail", "")

    @pytest.mark.parametrize(
        "texts",
        [[], ["one", "two"], ["v=spf1 -all", "Why?"], ["%{x}"], ["100% wrong"], ["%{d"], ["%"], ["50%% %"], ["% %"],
         ["%{d0}"], ["é"], ["\x01"], ["a\tb"], ["a\nb"], ["a\x7f"], ["\x1b[31mred"], ["x" * 5000], ["%{d}" * 5000]],
    )  # fmt: skip
    async def test_that_is_malformed_or_not_one_is_as_if_it_were_not_there(self, texts):
        found = await check("v=spf1 -all exp=why.example", {"why.example": {"TXT": texts}})
        assert (found.result, found.explanation) == ("fail", "")

    async def test_of_several_strings_is_joined(self):
        found = await check(
            "v=spf1 -all exp=why.example", {"why.example": {"TXT": [["Do not ", "do this to %{", "o}."]]}}
        )
        assert found.explanation == "Do not do this to example.com."

    async def test_may_show_client_receiver_and_time(self):
        found = await check("v=spf1 -all exp=why.example", {"why.example": {"TXT": ["%{c} %{r} %{t}"]}})
        assert found.explanation == "192.0.2.9 unknown 1700000000"

    async def test_of_an_included_record_is_neither_used_nor_asked_for(self):
        zone = {"in.example": {"TXT": ["v=spf1 -all exp=inner.example"]}, "inner.example": {"TXT": ["inner"]},
                "outer.example": {"TXT": ["outer"]}}  # fmt: skip
        resolver = asked("v=spf1 include:in.example -all exp=outer.example", zone)
        assert (await check(None, resolver=resolver)).explanation == "outer"
        assert ("inner.example", "TXT") not in resolver.questions
        assert (await check("v=spf1 include:in.example -all", zone)).explanation == ""

    async def test_of_a_record_that_is_redirected_gives_way_to_the_targets(self):
        zone = {"to.example": {"TXT": ["v=spf1 -all exp=why.%{d}"]}, "why.to.example": {"TXT": ["%{d} for %{o}"]},
                "silent.example": {"TXT": ["v=spf1 -all"]}, "outer.example": {"TXT": ["outer"]}}  # fmt: skip
        found = await check("v=spf1 redirect=to.example exp=outer.example", zone)
        assert found.explanation == "to.example for example.com"
        assert (await check("v=spf1 redirect=silent.example exp=outer.example", zone)).explanation == ""

    @pytest.mark.parametrize(
        "term",
        ["exp=", "exp", "exp:why.example", "exp=com", "-exp=why.example", "exp=why.example/24", "exp=%{c}.com",
         "exp=%{r}", "exp=%{t}.x.com"],
    )  # fmt: skip
    async def test_takes_a_domain_spec(self, term):
        assert await result(f"v=spf1 +all {term}") == "permerror"

    @pytest.mark.parametrize(
        ("path", "helo"),
        [("a\x00b@example.com", "h"), ("a\r\nSubject: b@example.com", "h"), ("joe@example.com", "h\x1b[2J"),
         ("joe@example.com", "h\x7f"), ("joe@example.com", "ﬁ\u202e")],
    )  # fmt: skip
    async def test_in_which_others_would_put_control_characters_is_left_out(self, path, helo):
        found = await check(
            "v=spf1 -all exp=why.example", {"why.example": {"TXT": ["%{s} %{h}"]}}, path=path, helo=helo
        )
        assert (found.result, found.explanation) == ("fail", "")

    async def test_is_cut_to_500_letters(self):
        found = await check("v=spf1 -all exp=why.example", {"why.example": {"TXT": ["x%{d}" * 200]}})
        assert found.explanation == ("xexample.com" * 50)[:500]

    async def test_does_not_count_as_a_look_up_nor_as_one_that_found_nothing(self):
        ten = "a:elsewhere.example.net " * 8 + "a:v1.example a:v2.example"
        found = await check(f"v=spf1 {ten} -all exp=%{{p}}.why.example", {"unknown.why.example": {"TXT": ["%{p}"]}})
        assert (found.result, found.explanation) == ("fail", "unknown")
