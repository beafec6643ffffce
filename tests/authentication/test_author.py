"""From: one domain or why not (RFC 5322 section 3.4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.authentication import author
from gateway.authentication.fields import split


@pytest.mark.parametrize(
    ("value", "address"),
    [
        (b"joe@example.com", "joe@example.com"),
        (b" Joe <joe@Example.COM>", "joe@example.com"),
        (b'"Joe, \\"the\\" <x@y>" <joe@example.com>', "joe@example.com"),
        (b"joe@example.com (Joe (of ours) \\) )", "joe@example.com"),
        (b"(a) joe (b) @ (c) example.com (d)", "joe@example.com"),
        (b"John Q. Public <joe@example.com>", "joe@example.com"),
        (b"joe@example.com, ann@example.com", "joe@example.com"),
        (b"Us: joe@example.com, Ann <ann@example.com>;", "joe@example.com"),
        (b"<joe@example.com>", "joe@example.com"),
        (b'"j o e"@example.com', '"j o e"@example.com'),
        (b"=?utf-8?q?J=2C?= <joe@example.com>", "joe@example.com"),
        (b"Joe\r\n <joe@example.com>", "joe@example.com"),
        (b"\xed\x99\x8d\xea\xb8\xb8\xeb\x8f\x99 <joe@example.com>", "joe@example.com"),
        (b"\xc8\xab\xb1\xe6\xb5\xbf <joe@example.com>", "joe@example.com"),
        ("joe@한국.example".encode(), "joe@xn--3e0b707e.example"),
        ("joe@bücher.example".encode(), "joe@xn--bcher-kva.example"),
        (b"joe@example.com,", "joe@example.com"),
        (b"joe@example.com.", ""),
        (b"joe@example.com bob@evil.org", ""),
        (b"alice@example.org)bob@evil.org", ""),
        (b"bank@bank.com <joe@evil.com>", ""),
        (b"joe@bank.com, bob@evil.com", ""),
        (b"Us: joe@bank.com, bob@evil.com;", ""),
        (b"<joe@bank.com>, <bob@evil.com>", ""),
        (b"Joe <joe@bank.com> <bob@evil.com>", ""),
        (b"<@relay.com:joe@bank.com>", ""),
        (b"joe@bank.com; bob@evil.com", ""),
        (b"joe@evil.com (", ""),
        (b"joe@evil.com\0", ""),
        (b"jo\xffe@example.com", ""),
        ("jo\u202ee@example.com".encode(), ""),
        ("joe@ex\u202eample.com".encode(), ""),
        ("joe@example\u3002com".encode(), ""),
        (b"joe@bank.com\r,bob@evil.com", ""),
        (b"joe@evil.com .bank.com", ""),
        (b"joe .x@evil.com", ""),
        (b"joe..x@evil.com", ""),
        (b"joe@[192.0.2.1]", ""),
        (b"joe@bank_com@evil.com", ""),
        (b"joe@bank..com", ""),
        (b"joe@", ""),
        (b"@bank.com", ""),
        (b"Nobody:;", ""),
        (b"Us: joe@bank.com", ""),
        (b"", ""),
        (b"joe", ""),
        (b'"joe@bank.com', ""),
    ],
)
def test_from_names(value, address):
    found = author.read_value(value)
    assert found.address == address
    assert bool(found.domain) == bool(address) != bool(found.trouble)


@pytest.mark.parametrize(
    ("value", "finding"),
    [
        (b'"bank@bank.com" <joe@evil.com>', "display-name-address"),
        ("Bаnk <joe@evil.com>".encode(), "display-name-mixed-scripts"),
        (b"joe@a.com, bob@b.com", "from-several-domains"),
        (b"joe@a.com, bob@a.com", "from-several-authors"),
        (b"joe", "from-malformed"),
    ],
)
def test_what_is_strange_is_named(value, finding):
    assert author.read_value(value).findings == (finding,)


@pytest.mark.parametrize("value", [b'"joe@a.com" <joe@a.com>', "홍길동 Kim <joe@a.com>".encode()])
def test_what_is_usual_is_not(value):
    assert author.read_value(value).findings == ()


@pytest.mark.parametrize(
    ("header", "finding"),
    [
        (b"From: a@b.com\r\nFrom: c@d.com", "from-duplicated"),
        (b"from: a@b.com\r\nFROM : a@b.com", "from-name-spaced"),
        (b"From\r\n : a@b.com", "from-folded-name"),
        (b"Subject: x", "from-missing"),
        (b"Subject: x\r\nSubject: y\r\nFrom: a@b.com", "subject-duplicated"),
        (b"Subject: \0\r\nFrom: a@b.com", "header-nul"),
        (b"Subject: \r\rFrom: a@b.com", "header-bare-cr"),
        (b"Subject: \nFrom: a@b.com", "header-bare-lf"),
        (b"Nonsense\r\nFrom: a@b.com", "header-line-malformed"),
        (b"List-Id: <x>\r\nFrom: a@b.com", "list-mark"),
        (b"X: " + b"a" * (1 << 20) + b"\r\nFrom: a@b.com", "header-too-large"),
        (b"X: a\r\n" * 5001 + b"From: a@b.com", "header-too-many-fields"),
    ],
)
def test_a_header_that_others_may_read_differently_is_named(header, finding):
    assert finding in split(header + b"\r\n\r\nbody\r\n")[0].findings


@given(st.binary(max_size=200))
def test_nothing_makes_it_raise(value):
    author.read(split(b"From: " + value + b"\r\n\r\n")[0])


@given(st.text(alphabet='a@.<>,:;()"\\ []é\r\n', max_size=60))
def test_nothing_of_its_own_letters_makes_it_raise(value):
    found = author.read_value(value.encode())
    assert found.domain == "" or found.address.endswith("@" + found.domain)
