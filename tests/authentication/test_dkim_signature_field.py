"""The DKIM-Signature field, tag by tag (RFC 6376 sections 3.5, 5.4 and 6.1.1; RFC 8301; RFC 8616)."""

import base64
import hashlib

import pytest
from signing import NOW, ed_key, record, rsa_key, sign
from verifying import KEY, only, results, verify

MAIL = b"From: joe@example.com\r\nSubject: x\r\n\r\nbody\r\n"
HASH = hashlib.sha256(b"body\r\n").digest()


async def trouble(message=None, **how):
    """Why a signature cannot be used; nothing may be asked for it."""
    check = await only(message or sign(MAIL, **how), zone={KEY: "TIMEOUT"})
    assert check.result == "permerror"
    return check.reason


@pytest.mark.parametrize("tag", ["v", "a", "b", "bh", "d", "h", "s"])
async def test_a_required_tag_is_missing_or_empty(tag):
    """Section 6.1.1: PERMFAIL (signature missing required tag)."""
    whole = sign(MAIL).replace(b" b=", b" b=", 1)
    value = whole.split(b"\r\n")[0].removeprefix(b"DKIM-Signature:")
    specs = [spec.strip() for spec in value.split(b";")]
    without = b"; ".join(spec for spec in specs if not spec.startswith(tag.encode() + b"="))
    emptied = b"; ".join(tag.encode() + b"=" if spec.startswith(tag.encode() + b"=") else spec for spec in specs)
    assert f"{tag}= is missing" in await trouble(b"DKIM-Signature: " + without + b"\r\n" + MAIL)
    assert f"{tag}= is empty" in await trouble(b"DKIM-Signature: " + emptied + b"\r\n" + MAIL)


@pytest.mark.parametrize("first", ["v=2;", "v=0.5;", "v=01;", "v=1.0;", "v=DKIM1;"])
async def test_another_version_is_not_read(first):
    assert "version is not 1" in await trouble(first=first)


async def test_v_need_not_stand_first():
    assert (await only(sign(MAIL, first="", more="v=1;"))).result == "pass"


@pytest.mark.parametrize("name", ["rsa-sha1", "rsa-md5", "rsa-sha512", "ed25519-sha1", "RSA-SHA256", "rsa - sha256",
                                  "sha256", "rsa", "dsa-sha256"])  # fmt: skip
async def test_an_algorithm_that_is_not_ours_is_refused(name):
    """Section 3.3, RFC 8301 section 3.1: rsa-sha1 MUST NOT be used."""
    assert "is not accepted" in await trouble(algorithm=name)


async def test_an_old_signature_is_told_from_a_broken_one():
    digest = hashlib.sha1(b"body\r\n").digest()
    assert "rsa-sha1 is not accepted" in await trouble(algorithm="rsa-sha1", body_hash=digest)


@pytest.mark.parametrize("value", ["", "AAAA", "!", "YQ"])
async def test_a_body_hash_that_is_none(value):
    whole = sign(MAIL, without=["bh"], more=f"bh={value};")
    assert "bh=" in await trouble(whole)


async def test_base64_of_the_body_hash_may_be_folded():
    text = base64.b64encode(HASH).decode()
    assert (await only(sign(MAIL, without=["bh"], more=f"bh= {text[:9]}\r\n\t{text[9:]} ;"))).result == "pass"


@pytest.mark.parametrize("forms", ["relaxed/loose", "loose", "simple/", "/simple", "Relaxed", "relaxed / relaxed",
                                   "simple/simple/simple", ""])  # fmt: skip
async def test_an_unknown_canonical_form(forms):
    assert "canonical form" in await trouble(forms=forms)


@pytest.mark.parametrize(
    ("forms", "body", "result"),
    [
        ("relaxed", b"body  \r\n", "fail"),
        ("relaxed/relaxed", b"body  \r\n", "pass"),
        ("simple", b"body\r\n\r\n", "pass"),
    ],
)
async def test_one_word_in_c_is_for_the_header_and_the_body_is_simple(forms, body, result):
    assert (await only(sign(MAIL, forms=forms).replace(b"body\r\n", body))).result == result


async def test_without_c_both_are_simple():
    signed = sign(MAIL, forms="simple/simple", without=["c"])
    assert await results(signed) == ["pass"]
    assert await results(signed.replace(b"Subject: x", b"Subject:  x")) == ["fail"]


@pytest.mark.parametrize(
    "domain", ["exa mple.com", "example..com", ".example.com", "example.com.", "com", "[192.0.2.1]", "-a.com", "a-.com",
               "a" * 64 + ".com", "a." * 127 + "com", "joe@example.com", "exam\r\n ple.com", "a💩.com"]
)  # fmt: skip
async def test_d_is_a_domain_name_of_two_labels_or_more(domain):
    assert "d= is not a domain name" in await trouble(domain=domain)


async def test_d_in_another_case_is_the_same_domain():
    check = await only(sign(MAIL, domain="Example.COM", more="i=joe@eXample.com;"))
    assert (check.result, check.domain) == ("pass", "example.com")


async def test_a_domain_in_u_labels_is_asked_for_and_told_in_a_labels():
    """RFC 8616; the hash is over what stands in the field."""
    name = "xn--3e0b707e.example"
    zone = {f"s1._domainkey.{name}": {"TXT": [record(rsa_key())]}}
    for domain, agent in (
        ("한국.example", "고객@한국.example"),
        (name, "joe@한국.example"),
        ("한국.example", f"@a.{name}"),
    ):
        check = await only(sign(MAIL, domain=domain, more=f"i={agent};"), zone=zone)
        assert (check.result, check.domain) == ("pass", name)


async def test_a_selector_in_u_labels():
    zone = {"xn--3e0b707e._domainkey.example.com": {"TXT": [record(rsa_key())]}}
    assert (await only(sign(MAIL, selector="한국"), zone=zone)).result == "pass"


@pytest.mark.parametrize("selector", ["s 1", "s..1", ".s", "s.", "-s", "s-", "s@1", "s/1", "s\r\n 1"])
async def test_s_is_a_selector(selector):
    assert "s= is not a selector" in await trouble(selector=selector)


async def test_a_selector_may_have_several_labels():
    zone = {"2023.Nov._domainkey.example.com": {"TXT": [record(rsa_key())]}}
    assert (await only(sign(MAIL, selector="2023.nov"), zone=zone)).result == "pass"


@pytest.mark.parametrize("names", ["subject", "to:subject", "x-from:subject"])
async def test_from_must_be_signed(names):
    """Section 6.1.1: PERMFAIL (From field not signed)."""
    assert "does not sign From" in await trouble(names=names)


@pytest.mark.parametrize("names", ["FROM:Subject", " From\r\n : Subject ", "subject:from"])
async def test_names_in_h_are_in_any_case_and_order_with_space_around_them(names):
    assert (await only(sign(MAIL, names=names))).result == "pass"


@pytest.mark.parametrize("names", ["from:", ":from", "from::subject", "from: :x", "from:a b", "from:é"])
async def test_every_name_in_h_is_a_field_name(names):
    assert "no field name" in await trouble(names=names)


async def test_h_names_two_hundred_fields_at_most():
    assert (await only(sign(MAIL, names="from" + ":x" * 199))).result == "pass"
    assert "more than 200" in await trouble(names="from" + ":x" * 200)


async def test_a_field_that_is_not_there_is_signed_as_nothing_and_cannot_be_added():
    """Section 5.4.2."""
    signed = sign(MAIL, names="from:subject:subject:to")
    assert await results(signed) == ["pass"]
    assert await results(b"Subject: y\r\n" + signed) == ["fail"]
    assert await results(b"To: y\r\n" + signed) == ["fail"]
    assert await results(b"Cc: y\r\n" + signed) == ["pass"]


async def test_of_fields_with_one_name_the_lowest_is_signed_first():
    signed = sign(b"Received: two\r\nReceived: one\r\n" + MAIL, names="from:received:received")
    assert await results(b"Received: new\r\n" + signed) == ["pass"]
    assert await results(signed.replace(b"two\r\nReceived: one", b"one\r\nReceived: two")) == ["fail"]


async def test_h_may_name_the_signatures_below_it():
    """Section 5.4: a name can only mean other signatures, never the one it stands in."""
    both = sign(sign(MAIL), names="from:dkim-signature")
    assert await results(both) == ["pass", "pass"]
    top, rest = both.split(b"\r\n", 1)
    assert await results(top + b"\r\n" + rest.replace(b" s=s1", b"  s=s1", 1)) == ["pass", "pass"]
    assert await results(top + b"\r\n" + rest.replace(b" v=1", b" v=1; n=x", 1)) == ["fail", "fail"]


async def test_a_first_signature_may_say_that_there_was_none_below_it():
    signed = sign(MAIL, names="from:dkim-signature")
    assert await results(signed) == ["pass"]
    assert await results(sign(signed, selector="s2"), zone={"s2._domainkey.example.com": "NXDOMAIN"}) == [
        "permerror", "fail",
    ]  # fmt: skip


@pytest.mark.parametrize("agent", ["@other.com", "@evilexample.com", "@com", "example.com", "@", "joe", "",
                                   "@example.com.evil.com", "@exa mple.com@x"])  # fmt: skip
async def test_i_lies_within_d(agent):
    """Section 6.1.1: PERMFAIL (domain mismatch)."""
    assert "i= lies outside d=" in await trouble(more=f"i={agent};")


@pytest.mark.parametrize("agent", ["@example.com", "joe@example.com", "joe@a.b.example.com", '"a@b"@example.com',
                                   "a=3Bb=40c@example.com", "joe@example=2Ecom", "jo\r\n e@example.com",
                                   "조@example.com", "prvs=0123=joe@example.com"])  # fmt: skip
async def test_i_is_any_address_within_d(agent):
    assert (await only(sign(MAIL, more=f"i={agent};"))).result == "pass"


@pytest.mark.parametrize("ways", ["dns/txt", "dns/txt:x", "http : dns/txt", "a/b:\r\n dns/txt"])
async def test_unknown_ways_to_ask_for_a_key_are_passed_over(ways):
    assert (await only(sign(MAIL, more=f"q={ways};"))).result == "pass"


@pytest.mark.parametrize("ways", ["", "dns", "http", "dns/special", "DNS/TXT"])
async def test_no_known_way_to_ask_for_a_key(ways):
    assert "q= names no way" in await trouble(more=f"q={ways};")


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ("t=1700000301;", "future"),
        ("t=9999999999999;", "future"),
        ("x=1699999699;", "expired"),
        ("x=0;", "expired"),
        ("t=1699999500; x=1699999000;", "before it was made"),
        ("t=1700000000; x=1700000000;", "before it was made"),
        ("t=;", "t= is not a number"),
        ("x=;", "x= is not a number"),
        ("t=-1;", "t= is not a number"),
        ("t=1.5;", "t= is not a number"),
        ("x=soon;", "x= is not a number"),
        ("t=0x10;", "t= is not a number"),
    ],
)
async def test_the_times_of_a_signature_must_fit(tags, words):
    assert words in await trouble(more=tags)


@pytest.mark.parametrize("tags", ["t=1700000300;", "t=0;", "x=1699999700;", "x=99999999999999999999;",
                                  "t=1699999999; x=1700000000;", "t=1600000000;"])  # fmt: skip
async def test_clocks_may_differ_by_five_minutes(tags):
    assert (await only(sign(MAIL, more=tags), now=NOW)).result == "pass"


@pytest.mark.parametrize("length", ["", "-1", "0x6", "six", "6.", "9" * 77, "1 2"])
async def test_l_is_a_number(length):
    assert "l= is not a number" in await trouble(more=f"l={length};")


@pytest.mark.parametrize(
    ("length", "signed", "result"),
    [
        ("6", b"body\r\n", "pass"),
        ("0006", b"body\r\n", "pass"),
        ("5", b"body\r", "policy"),
        ("0", b"", "policy"),
        ("7", b"body\r\n", "permerror"),
        ("9" * 76, b"body\r\n", "permerror"),
        ("0", b"body\r\n", "fail"),
    ],
)
async def test_l_credits_a_body_only_as_a_whole(length, signed, result):
    """Sections 3.4.5 and 8.2: what stands behind the signed part is a stranger's."""
    check = await only(sign(MAIL, more=f"l={length};", body_hash=hashlib.sha256(signed).digest()))
    assert check.result == result


async def test_l_of_nought_is_the_whole_of_an_empty_relaxed_body():
    assert (await only(sign(MAIL.removesuffix(b"body\r\n"), more="l=0;"))).result == "pass"


@pytest.mark.parametrize("tags", ["z=From:x|Subject:=20y;", "z=;", "z=nonsense b=1;", "x_y=1;", "bb=1;", "B=1;", "V=2;",
                                  "note=a;", "S=x; D=y;", "r=y;"])  # fmt: skip
async def test_unknown_tags_and_z_change_nothing(tags):
    """Section 3.2: unknown tags are ignored, and names are case-sensitive."""
    assert (await only(sign(MAIL, more=tags))).result == "pass"


@pytest.mark.parametrize("tags", ["d=example.com;", "v=1;", ";", "1x=y;", "x y=z;", "novalue;", "=x;", "a-b=c;"])
async def test_a_broken_tag_list_is_no_signature(tags):
    """Section 6.1.1: PERMFAIL (signature syntax error)."""
    check = await only(sign(MAIL, more=tags))
    assert (check.result, check.domain) == ("permerror", "")


async def test_the_domain_of_an_unusable_signature_is_told_when_it_can_be_read():
    check = await only(sign(MAIL, algorithm="rsa-sha1"))
    assert (check.domain, check.selector) == ("example.com", "s1")


async def test_b_may_be_folded_and_stand_anywhere():
    """Section 3.7: only the value of b= is left out of the hash, wherever it stands."""
    signed = sign(MAIL, forms="simple/simple")
    place, end = signed.index(b" b=") + 3, signed.index(b"\r\n")
    folded = b" \r\n\t" + signed[place : place + 20] + b"\r\n " + signed[place + 20 : end] + b" \t"
    assert await results(signed[:place] + folded + signed[end:]) == ["pass"]
    assert await results(signed[: place - 1] + b" " + signed[place - 1 :]) == ["fail"]


@pytest.mark.parametrize("value", [b"!", b"YQ", b"=", b"Y=Q=", b"AAAA AAA"])
async def test_b_is_base64(value):
    signed = sign(MAIL)
    place, end = signed.index(b" b=") + 3, signed.index(b"\r\n")
    assert "b= is not base64" in await trouble(signed[:place] + value + signed[end:])


async def test_a_signature_of_eight_kilobytes_is_read_and_a_longer_one_is_not():
    assert (await only(sign(MAIL, more="n=" + "a" * 7000 + ";"))).result == "pass"
    assert "too long" in await trouble(more="n=" + "a" * 8192 + ";")


async def test_the_label_may_be_in_any_case_and_stand_away_from_its_colon():
    signed = sign(MAIL)
    assert await results(b"dkim-SIGNATURE \t:" + signed.removeprefix(b"DKIM-Signature:")) == ["pass"]


@pytest.mark.parametrize("label", [b"DomainKey-Signature", b"DKIM2-Signature", b"DKIM-Signature2", b"X-DKIM-Signature"])
async def test_fields_of_other_standards_are_no_signatures(label):
    signed = sign(MAIL)
    assert await verify(label + signed.removeprefix(b"DKIM-Signature")) == ()


async def test_an_ed25519_signature_needs_its_own_algorithm():
    """RFC 8463 section 3."""
    zone = {KEY: {"TXT": [record(ed_key())]}}
    assert (await only(sign(MAIL, key=ed_key()), zone=zone)).result == "pass"
    assert (await only(sign(MAIL, key=ed_key(), algorithm="rsa-sha256"), zone=zone)).result == "permerror"
