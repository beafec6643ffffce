"""DKIM: what passes (RFC 6376, 8301, 8463, 8616), and every danger that must not."""

import asyncio
import base64
import hashlib

import dkim as dkimpy
import pytest
from signing import NOW, ed_key, pem, record, rsa_key, sign

from gateway.authentication import dkim, key
from gateway.authentication.canonical import body_hashes
from gateway.authentication.fields import split
from gateway.authentication.resolver import ZoneResolver
from gateway.authentication.signature import Signature
from gateway.authentication.tags import Malformed
from gateway.authentication.tags import read as read_tags

HEADER = b"From: Joe <joe@example.com>\r\nTo: us@desk.example\r\nSubject: Hello  there\r\n\r\n"
MAIL = HEADER + b"One  line. \r\n\r\nEnd.\r\n\r\n"
SHORT = b"From: joe@example.com\r\nSubject: x\r\n\r\nbody\r\n"


async def verify(message, zone=None, now=NOW, **names):
    zone = {"s1._domainkey.example.com": {"TXT": [record(rsa_key())]}, **(zone or {})}
    header, body = split(message)
    found = dkim.read(header, now)
    wanted = {each.body_key for each in found if isinstance(each, Signature)}
    bodies = asyncio.ensure_future(body_hashes(body, wanted))
    checks = await dkim.verify(found, header, bodies, ZoneResolver(zone))
    await bodies
    return checks


async def only(message, **how):
    [check] = await verify(message, **how)
    return check


@pytest.mark.parametrize(
    "forms", ["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed", "relaxed", "simple"]
)
async def test_a_signature_in_every_canonical_form_passes(forms):
    check = await only(sign(MAIL, forms=forms))
    assert (check.result, check.domain, check.selector, check.detail, check.bits) == (
        "pass",
        "example.com",
        "s1",
        "rsa-sha256",
        2048,
    )
    assert check.reason == "example.com signed this mail (DKIM, selector s1, rsa 2048)."


async def test_ed25519_passes():
    check = await only(sign(MAIL, key=ed_key()), zone={"s1._domainkey.example.com": {"TXT": [record(ed_key())]}})
    assert (check.result, check.detail, check.bits) == ("pass", "ed25519-sha256", 256)


async def test_a_mail_without_a_signature_has_no_check():
    assert await verify(MAIL) == ()


@pytest.mark.parametrize(
    ("old", "new", "forms", "result"),
    [
        (b"One  line", b"Two  line", "relaxed/relaxed", "fail"),
        (b"Hello", b"Goodbye", "relaxed/relaxed", "fail"),
        (b"Joe", b"Bank", "relaxed/relaxed", "fail"),
        (b"One  line. ", b"One line.", "relaxed/relaxed", "pass"),
        (b"One  line. ", b"One line.", "relaxed/simple", "fail"),
        (b"End.\r\n\r\n", b"End.\r\n", "simple/simple", "pass"),
        (b"Hello  there", b"Hello\r\n there ", "relaxed/simple", "pass"),
        (b"Hello  there", b"Hello there", "simple/simple", "fail"),
        (b"Subject: H", b"SUBJECT : H", "relaxed/simple", "pass"),
    ],
)
async def test_what_was_changed_on_the_way(old, new, forms, result):
    assert (await only(sign(MAIL, forms=forms).replace(old, new))).result == result


async def test_white_space_around_the_signature_itself_is_not_signed():
    signed = sign(SHORT)
    place, end = signed.index(b" b=") + 3, signed.index(b"\r\n")
    folded = b" \r\n\t" + signed[place : place + 20] + b"\r\n " + signed[place + 20 : end] + b" \t"
    assert (await only(signed[:place] + folded + signed[end:])).result == "pass"


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"names": "subject"}, "does not sign From"),
        ({"algorithm": "rsa-sha1"}, "rsa-sha1 is not accepted"),
        ({"algorithm": "rsa-md5"}, "not accepted"),
        ({"first": "v=2;"}, "version"),
        ({"first": ""}, "v= is missing"),
        ({"forms": "relaxed/loose"}, "canonical form"),
        ({"more": "q=dns/http;"}, "q="),
        ({"more": "i=@other.com;"}, "i= lies outside"),
        ({"more": "i=@evilexample.com;"}, "i= lies outside"),
        ({"more": "i=example.com;"}, "i= lies outside"),
        ({"more": "d=example.com;"}, "d= comes twice"),
        ({"more": "x=1699999000; t=1699999500;"}, "before it was made"),
        ({"more": "x=1699999699;"}, "expired"),
        ({"more": "t=1700000301;"}, "future"),
        ({"more": "t=;"}, "not a number"),
        ({"more": "l=-1;"}, "not a number"),
        ({"more": "l=999;"}, "more body than there is"),
        ({"more": ";"}, "malformed"),
        ({"more": "1x=y;"}, "malformed"),
        ({"more": "y=" + "a" * 8200 + ";"}, "too long"),
        ({"names": "from:" + ":".join(["x"] * 200)}, "more than 200"),
        ({"names": "from:a b"}, "no field name"),
        ({"domain": "exa mple.com"}, "not a domain"),
        ({"selector": "s 1"}, "not a selector"),
        ({"without": ["d"]}, "d= is missing"),
        ({"without": ["s"]}, "s= is missing"),
        ({"without": ["h"]}, "h= is missing"),
        ({"without": ["bh"]}, "bh= is missing"),
        ({"without": ["a"]}, "a= is missing"),
        ({"body_hash": b"short"}, "not a SHA-256"),
        ({"selector": "gone"}, "publishes no key"),
    ],
)
async def test_a_signature_we_may_not_believe_is_a_permerror(how, words):
    check = await only(sign(SHORT, **how))
    assert check.result == "permerror"
    assert words in check.reason


@pytest.mark.parametrize(
    "more",
    [
        "q=dns/txt;",
        "q=dns/http:dns/txt;",
        "i=@example.com;",
        "i=joe@sub.example.com;",
        "z=From:x|a;",
        "x=1699999701;",
        "t=1700000299;",
        "t=1; x=1700000000;",
        "l=6;",
        "unknown=tag;",
    ],
)
async def test_tags_that_do_no_harm_pass(more):
    assert (await only(sign(SHORT, more=more))).result == "pass"


async def test_a_body_that_goes_on_beyond_what_was_signed_gets_no_credit():
    half = hashlib.sha256(b"bo").digest()
    check = await only(sign(SHORT, more="l=2;", body_hash=half))
    assert check.result == "policy"
    assert "first 2 of 6 octets" in check.reason


async def test_a_second_from_field_spoils_every_signature():
    assert (await only(b"From: bank@bank.com\r\n" + sign(SHORT))).result == "permerror"


async def test_a_field_named_once_more_than_it_occurs_cannot_be_added():
    signed = sign(SHORT, names="from:subject:subject")
    assert (await only(signed)).result == "pass"
    assert (await only(b"Subject: y\r\n" + signed)).result == "fail"


async def test_fields_of_one_name_are_taken_from_the_bottom():
    message = b"Received: new\r\n" + sign(b"Received: two\r\nReceived: one\r\n" + SHORT, names="from:received:received")
    assert (await only(message)).result == "pass"
    swapped = message.replace(b"Received: two\r\nReceived: one", b"Received: one\r\nReceived: two")
    assert (await only(swapped)).result == "fail"


@pytest.mark.parametrize("rcode", ["TIMEOUT", "SERVFAIL", "REFUSED"])
async def test_no_answer_is_a_temperror(rcode):
    assert (await only(sign(SHORT), zone={"s1._domainkey.example.com": rcode})).result == "temperror"


@pytest.mark.parametrize(
    ("texts", "result"),
    [
        ([record(rsa_key(), "")], "pass"),
        ([record(rsa_key(), more="; t=y")], "pass"),
        ([record(rsa_key(), more="; s=email:x; h=sha1:sha256; n=note; g=*;")], "pass"),
        ([record(rsa_key()), "v=spf1 -all"], "pass"),
        ([record(rsa_key(), "k=rsa; v=DKIM1; n=").replace("n=k=rsa", "n=x")], "permerror"),
        ([record(rsa_key(), "v=DKIM2; ")], "permerror"),
        ([record(rsa_key(), more="; h=sha1")], "permerror"),
        ([record(rsa_key(), more="; s=tlsrpt")], "permerror"),
        ([record(rsa_key()), record(rsa_key())], "permerror"),
        ([record(rsa_key()).replace("k=rsa", "k=ed25519")], "permerror"),
        ([record(rsa_key()).replace("k=rsa", "k=dsa")], "permerror"),
        ([record(ed_key())], "permerror"),
        (["v=DKIM1; p="], "permerror"),
        (["v=DKIM1; k=rsa"], "permerror"),
        (["v=DKIM1; p=AAAA"], "permerror"),
        (["v=DKIM1; p=!"], "permerror"),
        (["v=DKIM1; p=" + "A" * 3000], "permerror"),
        (["v=DKIM1; p=" + "A" * 9000], "permerror"),
        (["nonsense"], "permerror"),
        ([""], "permerror"),
    ],
)
async def test_a_key_record_is_used_only_as_its_owner_meant(texts, result):
    assert (await only(sign(SHORT), zone={"s1._domainkey.example.com": {"TXT": texts}})).result == result


async def test_a_testing_key_passes_and_says_so():
    zone = {"s1._domainkey.example.com": {"TXT": [record(rsa_key(), more="; t=y")]}}
    assert "only testing" in (await only(sign(SHORT), zone=zone)).reason


async def test_a_strict_key_does_not_speak_for_subdomains():
    zone = {"s1._domainkey.example.com": {"TXT": [record(rsa_key(), more="; t=s")]}}
    assert (await only(sign(SHORT, more="i=@example.com;"), zone=zone)).result == "pass"
    assert (await only(sign(SHORT, more="i=@sub.example.com;"), zone=zone)).result == "permerror"


async def test_a_small_key_is_refused_and_the_smallest_allowed_is_not():
    for bits, result in ((1024, "pass"), (1023, "permerror")):
        zone = {"s1._domainkey.example.com": {"TXT": [record(rsa_key(1024))]}}
        if bits < 1024:
            zone = {"s1._domainkey.example.com": {"TXT": [_rsa_record((1 << 1022) + 1, 65537)]}}
        assert (await only(sign(SHORT, key=rsa_key(1024)), zone=zone)).result == result


def _der(tag, content):
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def _rsa_record(modulus, exponent):
    numbers = [_der(2, number.to_bytes(number.bit_length() // 8 + 1, "big")) for number in (modulus, exponent)]
    return "v=DKIM1; p=" + base64.b64encode(_der(0x30, b"".join(numbers))).decode()


@pytest.mark.parametrize(
    ("modulus", "exponent"),
    [
        ((1 << 2047) + 2, 65537),
        ((1 << 2047) + 1, 1),
        ((1 << 2047) + 1, 4),
        ((1 << 2047) + 1, (1 << 32) + 1),
        ((1 << 9000) + 1, 65537),
        (0, 3),
    ],
)
def test_a_hostile_key_is_refused_before_it_is_used(modulus, exponent):
    with pytest.raises(Malformed):
        key.read(_rsa_record(modulus, exponent).encode(), "rsa")


def test_a_bare_rsa_key_is_read_as_well():
    numbers = rsa_key().public_key().public_numbers()
    assert key.read(_rsa_record(numbers.n, numbers.e).encode(), "rsa").bits == 2048


async def test_only_ten_signatures_are_looked_at():
    message = SHORT
    for _ in range(12):
        message = sign(message)
    assert [check.result for check in await verify(message)] == ["pass"] * 10


async def test_a_domain_in_hangul_is_the_domain_of_its_a_labels():
    name = "xn--3e0b707e.example"
    zone = {f"s1._domainkey.{name}": {"TXT": [record(rsa_key())]}}
    check = await only(sign(SHORT, domain="한국.example"), zone=zone)
    assert (check.result, check.domain) == ("pass", name)


@pytest.mark.parametrize("forms", [b"simple", b"relaxed"])
async def test_what_dkimpy_signs_we_verify(forms):
    signature = dkimpy.sign(MAIL, b"s1", b"example.com", pem(rsa_key()), canonicalize=(forms, forms))
    assert (await only(signature + MAIL, now=2**33)).result == "pass"


def test_the_names_we_lean_on_in_dkimpy_are_there():
    from dkim.canonicalization import Relaxed, Simple

    assert Relaxed.canonicalize_headers([(b"A ", b" b\t c\r\n")]) == [(b"a", b"b c\r\n")]
    assert Simple.canonicalize_headers([(b"A", b" b\r\n")]) == [(b"A", b" b\r\n")]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (b"a=1; b=2", {"a": b"1", "b": b"2"}),
        (b" a = 1 ;\r\n\tb=;", {"a": b"1", "b": b""}),
        (b"a=x y=z", {"a": b"x y=z"}),
        (b"A=1;a=2", {"A": b"1", "a": b"2"}),
    ],
)
def test_tag_lists_are_read(text, values):
    assert read_tags(text).values == values


@pytest.mark.parametrize(
    "text", [b"", b";", b"a", b"=1", b"a=1;;b=2", b"a=1; ;", b"a=1;a=2", b"a b=1", b"a=\x00", b"_a=1", b"a-b=1"]
)
def test_what_is_no_tag_list_is_not_read(text):
    with pytest.raises(Malformed):
        read_tags(text)
