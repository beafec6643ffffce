"""DKIM as a whole: what passes and what does not (RFC 6376 sections 3.7, 4, 5.4, 6), with the examples of the RFCs.

Tag lists, the signature's field, keys, canonical forms and dangers have files of their own beside this one.
"""

import dkim as dkimpy
import pytest
from signing import ed_key, pem, record, rsa_key, sign
from verifying import KEY, only, results, verify

from gateway.authentication.canonical import field_bytes, whole
from gateway.authentication.dkim import MAX_SIGNATURES
from gateway.authentication.fields import Field

HEADER = b"From: Joe <joe@example.com>\r\nTo: us@desk.example\r\nSubject: Hello  there\r\n\r\n"
MAIL = HEADER + b"One  line. \r\n\r\nEnd.\r\n\r\n"
SHORT = b"From: joe@example.com\r\nSubject: x\r\n\r\nbody\r\n"


@pytest.mark.parametrize(
    "forms", ["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed", "relaxed", "simple"]
)
async def test_a_signature_in_every_canonical_form_passes(forms):
    check = await only(sign(MAIL, forms=forms))
    assert (check.result, check.domain, check.selector, check.detail, check.bits) == (
        "pass", "example.com", "s1", "rsa-sha256", 2048,
    )  # fmt: skip
    assert check.reason == "example.com signed this mail (DKIM, selector s1, rsa 2048)."


async def test_ed25519_passes():
    check = await only(sign(MAIL, key=ed_key()), zone={KEY: {"TXT": [record(ed_key())]}})
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
        (b"Subject: H", b"subject: H", "simple/simple", "fail"),
        (b"To: us@", b"To: them@", "simple/simple", "pass"),
    ],
)
async def test_what_was_changed_on_the_way(old, new, forms, result):
    assert (await only(sign(MAIL, forms=forms).replace(old, new))).result == result


async def test_a_changed_body_and_a_changed_header_are_told_apart():
    """Section 6.1.3: PERMFAIL (body hash did not verify), PERMFAIL (signature did not verify)."""
    assert "body is not what example.com" in (await only(sign(MAIL).replace(b"End.", b"Fin."))).reason
    assert "header is not what example.com" in (await only(sign(MAIL).replace(b"Hello", b"Bye"))).reason


async def test_anothers_signature_does_not_verify_with_this_key():
    assert (await only(sign(MAIL, key=rsa_key(1025)))).result == "fail"
    assert (await only(sign(MAIL, key=rsa_key(1024)), zone={KEY: {"TXT": [record(rsa_key(1025))]}})).result == "fail"


async def test_the_signature_tells_its_own_tags_too():
    """Section 3.7: the signature's field is signed but for b=."""
    assert (await only(sign(SHORT, more="x=1999999999;").replace(b"x=1999999999", b"x=2999999999"))).result == "fail"
    assert (await only(sign(SHORT, more="l=6;").replace(b"l=6; ", b""))).result == "fail"


# Section 4: several signatures


async def test_every_signature_has_its_own_result_in_their_order_from_the_top():
    message = sign(SHORT, selector="gone")
    message = sign(message, domain="other.com", algorithm="rsa-sha1")
    message = sign(message)
    message = sign(message, names="from:to:nothing", key=rsa_key(1024))
    message = sign(message, domain="slow.com")
    assert await results(message, zone={"s1._domainkey.slow.com": "TIMEOUT"}) == [
        "temperror", "fail", "pass", "permerror", "permerror",
    ]  # fmt: skip


async def test_a_broken_signature_does_not_harm_a_good_one():
    """Section 6.1: a bad signature is not a reason to look no further."""
    assert await results(b"DKIM-Signature: nonsense\r\n" + sign(SHORT)) == ["permerror", "pass"]
    assert await results(sign(b"DKIM-Signature:\r\n" + SHORT)) == ["pass", "permerror"]


async def test_only_the_first_ten_signatures_are_looked_at():
    message = SHORT
    for _ in range(MAX_SIGNATURES + 2):
        message = sign(message)
    assert await results(message) == ["pass"] * MAX_SIGNATURES == ["pass"] * 10


async def test_a_signature_is_found_wherever_it_stands_in_the_header():
    signature, rest = sign(SHORT).split(b"\r\n", 1)
    assert await results(rest.replace(b"\r\n\r\n", b"\r\n" + signature + b"\r\n\r\n", 1)) == ["pass"]
    assert await results(rest + signature + b"\r\n") == []


# Appendix A of RFC 6376, and of RFC 8463


LETTER = b"\r\n".join(
    [
        b"From: Joe SixPack <joe@football.example.com>",
        b"To: Suzie Q <suzie@shopping.example.net>",
        b"Subject: Is dinner ready?",
        b"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)",
        b"Message-ID: <20030712040037.46341.5F8J@football.example.com>",
        b"",
        b"Hi.",
        b"",
        b"We lost the game. Are you hungry yet?",
        b"",
        b"Joe.",
        b"",
    ]
)
FIRST = b"\r\n".join(
    [
        b"DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;",
        b"      c=simple/simple; q=dns/txt; i=joe@football.example.com;",
        b"      h=Received : From : To : Subject : Date : Message-ID;",
        b"      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;",
        b"      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB",
        b"      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut",
        b"      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV",
        b"      4bmp/YzhwvcubU4=;",
        b"Received: from client1.football.example.com  [192.0.2.1]",
        b"      by submitserver.example.com with SUBMISSION;",
        b"      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)",
        b"",
    ]
)
SECOND = b"\r\n".join(
    [
        b"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;",
        b" d=football.example.com; i=@football.example.com;",
        b" q=dns/txt; s=brisbane; t=1528637909; h=from : to :",
        b" subject : date : message-id : from : subject : date;",
        b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;",
        b" b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus",
        b" Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==",
        b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;",
        b" d=football.example.com; i=@football.example.com;",
        b" q=dns/txt; s=test; t=1528637909; h=from : to : subject :",
        b" date : message-id : from : subject : date;",
        b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;",
        b" b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3",
        b" DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz",
        b" dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=",
        b"",
    ]
)
KEYS = {
    "brisbane._domainkey.example.com": {
        "TXT": [
            [
                "v=DKIM1; p=",
                "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOC",
                "KG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPS",
                "PDdQPNUYckcQ2QIDAQAB",
            ]
        ]
    },
    "brisbane._domainkey.football.example.com": {
        "TXT": ["v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="]
    },
    "test._domainkey.football.example.com": {
        "TXT": [
            [
                "v=DKIM1; k=rsa; p=",
                "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jL",
                "QiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip",
                "3G+2kryOTIKT+l/K4w3QIDAQAB",
            ]
        ]
    },
}


async def test_the_example_of_rfc_6376_passes():
    check = await only(FIRST + LETTER, zone=KEYS)
    assert (check.result, check.domain, check.selector, check.bits) == ("pass", "example.com", "brisbane", 1024)


async def test_both_signatures_of_the_example_of_rfc_8463_pass():
    """Appendix A.3; in relaxed form its two blanks in the body are the one of RFC 6376."""
    checks = await verify(SECOND + LETTER.replace(b"game. Are", b"game.  Are"), zone=KEYS)
    assert [(check.result, check.selector, check.bits) for check in checks] == [
        ("pass", "brisbane", 256),
        ("pass", "test", 1024),
    ]


# dkimpy, with which we compare


@pytest.mark.parametrize("forms", [b"simple", b"relaxed"])
async def test_what_dkimpy_signs_we_verify(forms):
    signature = dkimpy.sign(MAIL, b"s1", b"example.com", pem(rsa_key()), canonicalize=(forms, forms))
    assert (await only(signature + MAIL, now=2**33)).result == "pass"


@pytest.mark.parametrize("forms", ["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"])
async def test_what_we_verify_dkimpy_verifies(forms):
    signed = sign(MAIL, forms=forms)
    assert (await only(signed)).result == "pass"
    assert dkimpy.verify(signed, dnsfunc=lambda *_, **__: record(rsa_key()).encode())


def test_the_names_of_dkimpy_that_the_tests_compare_with_are_there():
    from dkim.canonicalization import Relaxed, Simple

    assert Relaxed.canonicalize_headers([(b"A ", b" b\t c\r\n")]) == [(b"a", b"b c\r\n")]
    assert Simple.canonicalize_headers([(b"A", b" b\r\n")]) == [(b"A", b" b\r\n")]
    assert Relaxed.canonicalize_body(b"a \r\n\r\n") == whole(b"a \r\n\r\n", "relaxed") == b"a\r\n"
    assert Simple.canonicalize_body(b"a \r\n\r\n") == whole(b"a \r\n\r\n", "simple") == b"a \r\n"
    assert field_bytes(Field(b"a", b"A ", b" b\t c"), "relaxed") == b"a:b c\r\n"
