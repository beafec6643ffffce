"""Envelope addresses by the grammar of RFC 5321 section 4.1.2."""

import pytest

from gateway.smtp.path import BadPath, Path, is_plain_name, parse, read


@pytest.mark.parametrize(("text", "path"), [
    ("a@example.org", Path("a", "example.org")),
    ("a.b+c=d@example.org", Path("a.b+c=d", "example.org")),
    ("!#$%&'*+-/=?^_`{|}~@example.org", Path("!#$%&'*+-/=?^_`{|}~", "example.org")),
    ('"a b"@example.org', Path('"a b"', "example.org")),
    ('"a@b"@example.org', Path('"a@b"', "example.org")),
    ('"a\\"b>c"@example.org', Path('"a\\"b>c"', "example.org")),
    ('"plain"@example.org', Path("plain", "example.org")),
    ('"pl\\ain"@example.org', Path("plain", "example.org")),
    ('""@example.org', Path('""', "example.org")),
    ("a@[192.0.2.1]", Path("a", "[192.0.2.1]")),
    ("a@[IPv6:2001:db8::1]", Path("a", "[IPv6:2001:db8::1]")),
    ("@one.example,@two.example:a@example.org", Path("a", "example.org")),
    ("@one.example:a@example.org", Path("a", "example.org")),
    ("김@한국.kr", Path("김", "한국.kr")),
    ("x" * 242 + "@example.org", Path("x" * 242, "example.org")),
    ("", Path()),
    ("Postmaster", Path("Postmaster")),
])  # fmt: skip
def test_a_path_is_read(text: str, path: Path) -> None:
    assert parse(text) == path


@pytest.mark.parametrize("text", [
    "a", "@example.org", "a@", "a@@example.org", "a b@example.org", ".a@example.org", "a.@example.org",
    "a..b@example.org", "a@example..org", "a@.example.org", "a@example.org.", "a@-example.org", "a@example-.org",
    "a@exa mple.org", "a@example.org (x)", "<a@example.org>", "a<b@example.org", "a,b@example.org", "a:b@example.org",
    "a;b@example.org", "a(b)@example.org", '"a@example.org', 'a"b@example.org', '"a"b@example.org',
    '"a"."b"@example.org',
    "a@[192.0.2]", "a@[192.0.2.256]", "a@[IPv6:192.0.2.1]", "a@[IPv6:::g]", "a@[2001:db8::1]", "a@[192.0.2.1",
    "a@[IPv6:fe80::1%eth0]", "a@[]", "a@[x:y]", "@one.example:", "@one.example,two.example:a@example.org",
    "x" * 243 + "@example.org", "김" * 81 + "@example.org", "a@" + "x" * 64 + ".org", "a@" + "x." * 127 + "org",
])  # fmt: skip
def test_what_is_not_by_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(BadPath):
        parse(text)


@pytest.mark.parametrize(("argument", "found"), [
    ("FROM:<a@b>", (Path("a", "b"), [])),
    ("from:<a@b>", (Path("a", "b"), [])),
    ("FROM: <a@b> SIZE=1 BODY=7BIT", (Path("a", "b"), ["SIZE=1", "BODY=7BIT"])),
    ('FROM:<"a> b"@c> SIZE=1', (Path('"a> b"', "c"), ["SIZE=1"])),
    ("FROM:a@b", None), ("FROM <a@b>", None), ("<a@b>", None), ("FROM:", None), ("TO:<a@b>", None),
])  # fmt: skip
def test_the_frame_of_a_path(argument: str, found: object) -> None:
    assert read(argument, "FROM:") == found


@pytest.mark.parametrize("argument", ["FROM:<a@b", "FROM:<a@b>SIZE=1", "FROM:<a@b>>", "FROM:<<a@b>>"])
def test_a_broken_frame_is_refused(argument: str) -> None:
    with pytest.raises(BadPath):
        read(argument, "FROM:")


def test_a_domain_may_be_compared_in_ascii() -> None:
    assert Path("a", "한국.KR").ascii_domain == "xn--3e0b707e.kr"
    assert Path("a", "EXAMPLE.org").ascii_domain == "example.org"


@pytest.mark.parametrize(("name", "is_plain"), [
    ("mx.example.org", True), ("[192.0.2.1]", True), ("a(b)c", False), ("x;y", False), ("한국.kr", False),
    ("a..b", False),
])  # fmt: skip
def test_only_a_proper_name_is_plain(name: str, is_plain: bool) -> None:
    assert is_plain_name(name) is is_plain
