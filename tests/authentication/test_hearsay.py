"""Other servers' Authentication-Results (RFC 8601): all or nothing is believed, and what pretends to be ours goes."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.hearsay import MAX_TEXT, Claim, Hearsay, past_comments, read, strip

FROM = (("header.from", "example.com"),)

# ---- section 2.2: the grammar --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        (" mx.example; dmarc=pass header.from=example.com", (Claim("dmarc", "pass", "", FROM),)),
        ("mx.example;dmarc=pass header.from=example.com", (Claim("dmarc", "pass", "", FROM),)),
        ('"mx.example"; dmarc=pass header.from="example.com"', (Claim("dmarc", "pass", "", FROM),)),
        ("mx.example 1; dmarc = pass header . from = example.com", (Claim("dmarc", "pass", "", FROM),)),
        ("mx.example; DMARC=Pass Header.FROM=example.com", (Claim("dmarc", "pass", "", FROM),)),
        ("mx.example; dmarc/1=pass header.from=example.com", (Claim("dmarc", "pass", "", FROM),)),
        ("mx.example; dmarc/2=pass header.from=example.com", (Claim("dmarc/2", "pass", "", FROM),)),
        ("(a) mx.example (b) 1 (c);(d)dmarc(e)=(f)pass (g)header(h).(i)from(j)=(k)example.com(l)",
         (Claim("dmarc", "pass", "", FROM),)),
        ("mx.example; dmarc=pass (p=none (nested \\) dis=none) ; spf=fail) header.from=example.com",
         (Claim("dmarc", "pass", "", FROM),)),
        ("mx.example;\r\n\tdmarc=pass\r\n header.from=example.com\r\n", (Claim("dmarc", "pass", "", FROM),)),
        ('mx.example; spf=fail reason="no; dmarc=pass (" smtp.mailfrom="a b"@example.com',
         (Claim("spf", "fail", "no; dmarc=pass (", (("smtp.mailfrom", "a b@example.com"),)),)),
        ('mx.example; spf=fail reason="\\"; dmarc=pass \\\\"', (Claim("spf", "fail", '"; dmarc=pass \\'),)),
        ("mx.example; spf=pass smtp.mailfrom=@example.com; dkim=none",
         (Claim("spf", "pass", "", (("smtp.mailfrom", "@example.com"),)), Claim("dkim", "none"))),
        ("mx.example; dmarc=pass action=none header.from=example.com;",
         (Claim("dmarc", "pass", "", (("action", "none"), *FROM)),)),
        ("mx.example; dkim=pass header.b=a/b+c== header.d=example.com",
         (Claim("dkim", "pass", "", (("header.b", "a/b+c=="), ("header.d", "example.com"))),)),
        ("mx.example; dmarc=pass header.from=b\u00fccher.example",
         (Claim("dmarc", "pass", "", (("header.from", "b\u00fccher.example"),)),)),
        ("mx.example; none", ()),
        ("mx.example; None (nothing was checked)", ()),
    ],
)  # fmt: skip
def test_a_sound_field_is_read(text, claims):
    assert read(text) == Hearsay("mx.example", claims)


@pytest.mark.parametrize(
    "text",
    [
        (
            "mx.google.com; dkim=pass header.i=@example.com header.s=s1 header.b=AbC/d+e=; spf=pass (google.com: "
            "domain of a=b@x.example designates 2001:db8::1 as permitted sender) smtp.mailfrom=a=b@x.example; "
            "dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=example.com"
        ),
        (
            "mx.microsoft.com 1; spf=pass (sender ip is 192.0.2.1) smtp.rcpttodomain=x.example "
            "smtp.mailfrom=example.com; dmarc=pass (p=reject sp=reject pct=100) action=none "
            "header.from=example.com; dkim=pass (signature was verified) header.d=example.com; "
            "arc=pass (0 oda=1 ltdi=1 spf=[1,1,smtp.mailfrom=example.com] dmarc=[1,1,header.from=example.com])"
        ),
        (
            'lists.example; dkim=fail reason="signature verification failed" (2048-bit key) header.d=example.com; '
            "arc=none smtp.remote-ip=192.0.2.1; dmarc=pass (policy=none) header.from=example.com; "
            "spf=none smtp.mailfrom=<>"
        ),
    ],
    ids=["Google", "Microsoft", "OpenARC"],
)
def test_what_large_sealers_write_is_read(text):
    [found] = [claim for claim in read(text).claims if claim.method == "dmarc"]
    assert (found.result, found.values("header.from")) == ("pass", ["example.com"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mx.example",
        "mx.example;",
        "; dmarc=pass",
        "mx.example 2; dmarc=pass",
        "mx.example one; dmarc=pass",
        "dmarc=pass; spf=pass",
        "mx.example; dmarc",
        "mx.example; dmarc=",
        "mx.example; =pass",
        "mx.example; dmarc=pass;; spf=pass",
        "mx.example; dmarc=pass; none",
        "mx.example; none; dmarc=pass",
        "mx.example; dmarc=pa(ss)ed x",
        "mx.example; dmarc=pass header.from",
        "mx.example; dmarc=pass .from=example.com",
        "mx.example; dmarc=pass header.from=example.com evil.com",
        'mx.example; dmarc=pass header.from="example.com',
        'mx.example; dmarc=pass header.from=a"b"',
        'mx.example; dmarc=pass header.from="a"header.d=b',
        "mx.example; dmarc=pass (open",
        "mx.example; dmarc=pass close)",
        "mx.example; dmarc=pass header.from=exa\\mple.com",
        "mx.example; dmarc=pass header.from=example.com\0",
        "mx.example; dmarc=pass\nheader.from=example.com",
        "mx.example; dmarc=pass\r\nheader.from=example.com",
        "mx.example; dmarc=pass\u00a0header.from=example.com",
        "mx.example; dmarc=pass header.from=" + "a" * MAX_TEXT,
    ],
)
def test_nothing_of_a_malformed_field_is_believed(text):
    assert read(text) is None


def test_the_values_of_a_name_that_comes_twice_are_both_there():
    [claim] = read("mx.example; dmarc=pass header.from=a.com header.from=b.com").claims
    assert claim.values("header.from") == ["a.com", "b.com"]


@given(st.text(alphabet='mx.; =()"\\\r\n\tdmarcpss/@1\0\u00e9', max_size=80))
def test_nothing_makes_reading_raise(text):
    read(text)
    assert 0 <= past_comments(text) <= len(text)


@pytest.mark.parametrize("piece", ["(", ")", '"', "\\", "; ", "a=b ", " a.b=c", "(a)", '"a"', "\r\n ", " \\", "a/"])
def test_reading_takes_linear_time(piece):
    begun = time.process_time()
    read("mx.example; " + piece * (MAX_TEXT // len(piece) - 20))
    past_comments(piece * MAX_TEXT)
    assert time.process_time() - begun < 0.25


# ---- section 5: what pretends to be ours goes ----------------------------------------------------------------------


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
        b' "MX.desk.example.";none',
        b' "mx.\\desk.example"; none',
        b' "mx.desk".example; none',
        b" mx.desk.(c)example; none",
        b" mx. desk.example; none",
        b"\r\n\tmx.desk.example; none",
        b"\r\n\t\r\n mx.desk.example; none",
        b" (a (nested) \\) comment)\r\n (two) mx.desk.example (c); none",
        b" mx.desk.example(c); none",
        b" (never closed mx.desk.example; none",
        b" ) mx.desk.example; none",
        b' "mx.desk.example; none',
        b" ; mx.desk.example",
        b"",
        b" mx\0.desk.example; none",
        " ｍｘ。desk．example; none".encode(),
        " mx.de\u200bsk.example; none".encode(),
    ],
)
@pytest.mark.parametrize("name", [b"Authentication-Results:", b"AUTHENTICATION-results :", b"Authentication-\0Results:",
                                  b"Authentication-Results\r\n :", b"\xffAuthentication-Results\x0b\t:"])  # fmt: skip
def test_a_forged_field_goes(name, value):
    before, after = (
        b"Received: x\r\n y\r\n",
        b"From: a@b.com\r\n\r\nAuthentication-Results: mx.desk.example; in the body\r\n",
    )
    assert strip(before + name + value + b"\r\n" + after, "mx.desk.example") == before + after


@pytest.mark.parametrize("id", ["b\u00fccher.example", "xn--bcher-kva.example", "B\u00dcCHER.example."])
@pytest.mark.parametrize("ours", ["b\u00fccher.example", "xn--bcher-kva.example"])
def test_a_forged_field_goes_in_either_form_of_an_international_name(id, ours):
    assert strip(f"Authentication-Results: {id}; none\r\n\r\n".encode(), ours) == b"\r\n"


def test_a_sharp_s_is_a_letter_of_its_own_as_in_idna_2008():
    ours, another = "fa\u00df.example", b"Authentication-Results: fass.example; none\r\n\r\n"
    assert strip(another, ours) == another
    assert strip("Authentication-Results: \uff46a\u00df\u3002example; none\r\n\r\n".encode(), ours) == b"\r\n"


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_a_forged_field_goes_whatever_ends_the_line_before(end):
    field = b"Authentication-Results: mx.desk.example; none\r\n"
    rest = b"From: a@b.com\r\n\r\n"
    assert strip(b"Subject: x" + end + field + rest, "mx.desk.example") == b"Subject: x" + end + rest


def test_a_forged_field_goes_from_a_mail_without_a_body():
    assert strip(b"From: a@b.com\r\nAuthentication-Results: mx.desk.example; none", "mx.desk.example") == (
        b"From: a@b.com\r\n"
    )


@pytest.mark.parametrize(
    "field",
    [
        b"Authentication-Results: other.example; x=mx.desk.example",
        b"Authentication-Results: other.example (mx.desk.example); none",
        b"Authentication-Results: other.example; broken (",
        b"Authentication-Results: mx.desk.example.evil.com; none",
        b"Authentication-Results: notmx.desk.example; none",
        b"Authentication-Results: desk.example; none",
        b"Authentication-Results: spf=pass (mx.desk.example) smtp.mailfrom=mx.desk.example",
        b"ARC-Authentication-Results: i=1; mx.desk.example; none",
        b"X-Authentication-Results: mx.desk.example; none",
        b"Subject: x\r\n Authentication-Results: mx.desk.example",
        b"Subject: Authentication-Results: mx.desk.example",
    ],
)
def test_what_is_not_ours_stays(field):
    message = field + b"\r\nFrom: a@b.com\r\n\r\nbody"
    assert strip(message, "mx.desk.example") == message


@given(st.binary(max_size=300))
def test_nothing_makes_strip_raise_or_touch_a_body(raw):
    for message in (raw, b"Authentication-Results:" + raw):
        assert len(strip(message, "mx.desk.example")) <= len(message)
    assert strip(b"A: b\r\n\r\n" + raw, "mx.desk.example") == b"A: b\r\n\r\n" + raw


@pytest.mark.parametrize(
    "piece", [b"Authentication-Results: (\r\n", b"Authentication-Results: x; none\r\n", b"\r\n ", b"\r", b"(", b"\xff"]
)
def test_stripping_takes_linear_time(piece):
    raw = b"Authentication-Results: mx.desk.example" + piece * (1_000_000 // len(piece))
    begun = time.process_time()
    strip(raw, "mx.desk.example")
    assert time.process_time() - begun < 1
