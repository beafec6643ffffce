"""Authentication-Results (RFC 8601): ours holds the grammar whatever strangers wrote; forged ones go."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.authres import UNCHECKED, Check, Identity, Result, Verdict, strip, write

TOKEN = r"[A-Za-z0-9!#$%&'*+\-.^_`{|}~]+"
QUOTED = r'"(?:[ !#-\[\]-~]|\\[ -~])*"'
ADDRESS = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.]+@[A-Za-z0-9.\-]+"
VALUE = rf"(?:{QUOTED}|{ADDRESS}|{TOKEN})"
RESULT = rf"{TOKEN}={TOKEN}(?: reason={VALUE})?(?: {TOKEN}\.{TOKEN}={VALUE})*"
FIELD = re.compile(rf"Authentication-Results: {VALUE}(?:; {RESULT})+\Z")


def unfolded(field: bytes) -> str:
    assert field.endswith(b"\r\n")
    return re.sub(r"\r\n[ \t]+", " ", field.decode("ascii").removesuffix("\r\n"))


VERDICT = Verdict(
    Identity.VERIFIED_DKIM,
    "because",
    spf=Check("spf", Result.PASS, "example.com", "fine", detail="mailfrom"),
    dkim=(Check("dkim", Result.PASS, "example.com", "signed", "s1", detail="rsa-sha256 2048"),),
    dmarc=Check("dmarc", Result.PASS, "example.com", policy="reject"),
)


def test_the_field_says_what_was_found():
    field = write(VERDICT, "mx.desk.example", reverse_path="joe@example.com", client_ip="192.0.2.1")
    assert unfolded(field) == (
        "Authentication-Results: mx.desk.example; iprev=none policy.iprev=192.0.2.1; "
        "spf=pass reason=fine smtp.mailfrom=joe@example.com; "
        "dkim=pass reason=signed header.d=example.com header.s=s1 header.a=rsa-sha256; arc=none; "
        "dmarc=pass header.from=example.com policy.dmarc=reject"
    )


def test_a_mail_without_signatures_has_dkim_none():
    assert "dkim=none" in unfolded(write(UNCHECKED, "mx.desk.example"))


@given(st.text(max_size=300), st.text(max_size=300))
def test_the_grammar_holds_whatever_strangers_chose(one, two):
    hostile = Check("dkim", Result.FAIL, one, two, one, detail=two)
    verdict = replace(VERDICT, dkim=(hostile,), spf=Check("spf", Result.FAIL, one, two, detail="helo"), iprev=hostile)
    field = write(verdict, "mx.desk.example", reverse_path=one, helo=two, client_ip=one)
    assert FIELD.match(unfolded(field))
    assert max(map(len, field.split(b"\r\n"))) < 998


def test_a_verdict_survives_the_store():
    assert Verdict.from_json(VERDICT.as_json()) == VERDICT


@pytest.mark.parametrize(
    "value",
    [
        b" mx.desk.example; spf=pass",
        b"mx.desk.example;spf=pass",
        b" MX.Desk.Example; spf=pass",
        b" mx.desk.example 1; spf=pass",
        b" mx.desk.example",
        b" mx.desk.example.; none",
        b' "mx.desk.example"; none',
        b' "mx.\\desk.example"; none',
        b"\r\n\tmx.desk.example; none",
        b" (a (nested) \\) comment)\r\n (two) mx.desk.example (c); none",
        b" mx.desk.example(c); none",
        b" (never closed mx.desk.example; none",
        b" ) mx.desk.example; none",
        b' "mx.desk.example; none',
        b" ; mx.desk.example",
    ],
)
@pytest.mark.parametrize("name", [b"Authentication-Results:", b"AUTHENTICATION-results :"])
def test_a_forged_field_goes(name, value):
    before, after = (
        b"Received: x\r\n y\r\n",
        b"From: a@b.com\r\n\r\nAuthentication-Results: mx.desk.example; in the body\r\n",
    )
    assert strip(before + name + value + b"\r\n" + after, "mx.desk.example") == before + after


@pytest.mark.parametrize(
    "field",
    [
        b"Authentication-Results: other.example; x=mx.desk.example",
        b"Authentication-Results: mx.desk.example.evil.com; none",
        b"Authentication-Results: notmx.desk.example; none",
        b"ARC-Authentication-Results: i=1; mx.desk.example; none",
        b"X-Authentication-Results: mx.desk.example; none",
        b"Subject: x\r\n Authentication-Results: mx.desk.example",
    ],
)
def test_what_is_not_ours_stays(field):
    message = field + b"\r\nFrom: a@b.com\r\n\r\nbody"
    assert strip(message, "mx.desk.example") == message


def test_what_we_wrote_we_would_strip():
    message = b"From: a@b.com\r\n\r\nbody\r\n"
    assert strip(write(VERDICT, "mx.desk.example") * 2 + message, "mx.desk.example") == message


@given(st.binary(max_size=300))
def test_nothing_makes_strip_raise(raw):
    for message in (raw, b"Authentication-Results:" + raw):
        assert len(strip(message, "mx.desk.example")) <= len(message)
