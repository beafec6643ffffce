"""From: one domain or why not (RFC 5322 section 3.4): the attacks that are known, and the shapes that people write."""

import base64
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.authentication import author
from gateway.authentication.fields import BROKEN, split
from gateway.authentication.names import to_ascii
from gateway.mail.addresses import addresses
from gateway.mail.fields import unfold


def read(value):
    return author.read_value(value if isinstance(value, bytes) else value.encode())


def word(text, charset="utf-8"):
    return f"=?{charset}?B?{base64.b64encode(text.encode(charset)).decode()}?="


# ---- section 3.4: addresses, lists, groups --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("joe@example.com", "joe@example.com"),
        (" Joe <joe@Example.COM>", "joe@example.com"),
        ("<joe@example.com>", "joe@example.com"),
        ("Joe.Q-Public+x_y@example.com", "Joe.Q-Public+x_y@example.com"),
        ("!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"),
        ('"Joe, \\"the\\" <x@y>" <joe@example.com>', "joe@example.com"),
        ('"j o e"@example.com', '"j o e"@example.com'),
        ('"joe@bank.com"@example.com', '"joe@bank.com"@example.com'),
        ('"\\"joe\\""@example.com', '"\\"joe\\""@example.com'),
        ("(a) joe (b) @ (c) example.com (d)", "joe@example.com"),
        ("joe@example.com (Joe (of ours) \\) )", "joe@example.com"),
        ("< joe@example.com >", "joe@example.com"),
        ("Joe\r\n <joe@example.com>", "joe@example.com"),
        ("Joe\r\n\t\r\n <joe@example.com>\r\n ", "joe@example.com"),
        ('"Joe\r\n Public" <joe@example.com>', "joe@example.com"),
        ("joe@localhost", "joe@localhost"),
        ("joe@example.com, ann@example.com", "joe@example.com"),
        ("joe@example.com, Ann <ann@EXAMPLE.com>", "joe@example.com"),
        ("Us: joe@example.com, Ann <ann@example.com>;", "joe@example.com"),
        ("Us:joe@example.com;, ann@example.com", "joe@example.com"),
        (",, joe@example.com,,", "joe@example.com"),
    ],
)
def test_3_4_one_domain_is_read(value, address):
    found = read(value)
    assert (found.address, found.domain, found.trouble) == (address, address.rpartition("@")[2], "")


@pytest.mark.parametrize(
    ("value", "domain"),
    [
        ("joe@한국.example", "xn--3e0b707e.example"),
        ("joe@b\u00fccher.example", "xn--bcher-kva.example"),
        ("joe@B\u00dcCHER.example", "xn--bcher-kva.example"),
        ("joe@b\u00fccher.example, ann@xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("joe@b\u00fccher.example <joe@XN--Bcher-KVA.example>", "xn--bcher-kva.example"),
        ("홍길동@example.com", "example.com"),
        ("joe@\u0430pple.com", "xn--pple-43d.com"),
    ],
)
def test_rfc_6532_names_in_letters_of_the_world_become_a_labels(value, domain):
    assert read(value).domain == domain


# ---- what people and programs write ---------------------------------------------------------------------------------

NAMES = [
    "Joe",
    "Joe Public",
    "joe",
    '"Joe Public"',
    '""',
    '"Public, Joe"',
    '"김민지"',
    "김민지",
    "김 민지 (고객)",
    "김민지 / 영업1팀",
    "Müller",
    "田中太郎",
    "John Q. Public",
    "J.Q.Public",
    "Dr. Kim",
    "St. Mary's Hospital",
    "O'Neil & Sons!",
    "50% off - today*",
    "Kim_Minji",
    "A/S 센터",
    "LG U+",
    "#1 shop",
    "Kim|Support",
    "Kim ~ shop",
    "Kim ^^",
    "Yahoo! Mail",
    "Who?",
    "=Joe=",
    "'Joe Public'",
    "'joe at example.com'",
    "\"'joe@example.com'\"",
    "Example, Inc.",
    "Kim, Minji",
    "Public, Joe, Jr.",
    "김, 민지",
    "[Support] Kim",
    "Kim [Example]",
    "[SYSTEM]",
    "[A] B, C. [D]",
    "Kim (Support)",
    "(Support) Kim",
    "Kim (Support (2nd line))",
    '"Joe" Public',
    '"Joe" "Public"',
    'Joe "the man" Public',
    '"Joe \\"the man\\" Public"',
    '"Joe \\\\ Public"',
    '"Joe (Support) [x] <y>; z: \\, w"',
    '"Public\tJoe"',
    word("김민지"),
    word("김민지, 영업팀"),
    word("김민지") + " " + word("영업팀"),
    word("김민지") + "\r\n " + word("영업팀"),
    word("김민지", "euc-kr"),
    word("Müller", "iso-8859-1"),
    f'"{word("김민지")}"',
    word("김민지") + " (" + word("고객") + ")",
    word("김민지") + ", " + word("영업팀"),
    "=?utf-8?Q?Kim_Minji?=",
    "=?utf-8?Q?Kim=2C_Minji?=",
    "=?utf-8?Q?Kim,_Minji?=",
    "=?utf-8?Q?Kim_(Support)?=",
    "=?utf-8?Q?[Kim]_Minji.?=",
    "=?utf-8?Q?Kim Minji?=",
    "=?utf-8*ko?Q?Kim?=",
    "=?utf-8?Q?broken",
    "Kim\u00a0Minji",
    "Kim\u200bMinji",
    "Kim ™ ❤",
    "𝓚𝓲𝓶",
]


@pytest.mark.parametrize("name", NAMES)
def test_the_name_beside_an_address_may_be_anything_that_all_read_alike(name):
    found = read(f"{name} <joe@example.com>")
    assert (found.address, found.findings) == ("joe@example.com", ())


@pytest.mark.parametrize("charset", ["euc-kr", "cp949", "utf-8", "utf-16-le"])
@pytest.mark.parametrize("form", ["%s <joe@example.com>", '"%s" <joe@example.com>', "joe@example.com (%s)"])
def test_raw_octets_in_a_name_are_no_harm(charset, form):
    before, after = form.split("%s")
    assert read(before.encode() + "홍길동뷁".encode(charset) + after.encode()).address == "joe@example.com"


@pytest.mark.parametrize(
    "value",
    [
        "joe@example.com (Joe Public)",
        "joe@example.com (김민지)",
        "joe@example.com (" + word("김민지") + ")",
        "(Joe Public) joe@example.com",
        "<joe@example.com> (Joe Public)",
        "joe@example.com <joe@example.com>",
        "JOE@Example.com <joe@example.com>",
        "<joe@example.com>,",
        "joe@example.com ,",
        "\tjoe@example.com\t",
    ],
)
def test_an_address_may_stand_alone_or_be_its_own_name(value):
    found = read(value)
    assert (found.address, found.findings) == ("joe@example.com", ())


# ---- where two programs could read two authors ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        # "Composition Kills" (Chen, Paxson, Jiang 2020), figures 6 and 8, and its tool espoofer
        "<@evil.com,@any.com:joe@bank.com>",
        "<@bank.com:joe@evil.com>",
        "@bank.com:joe@evil.com",
        "<joe@bank.com>\\,<bob@evil.com>",
        "<bob@evil.com>joe@bank.com",
        "<bob@evil.com> joe@bank.com",
        "joe@bank.com bob@evil.com",
        "Joe <joe@bank.com> <bob@evil.com>",
        "<<joe@bank.com>>",
        '"joe@bank.com"[<bob@evil.com>',
        '[] "joe@bank.com" <bob@evil.com>',
        "<joe@bank.com <bob@evil.com>",
        "<joe@bank.com> bob <bob@evil.com>",
        f"{word('<joe@bank.com>')},<bob@evil.com>",
        f"{word('joe@bank.com')}, <bob@evil.com>",
        f"{word('<joe@bank.com>' + ' ' * 3000)},<bob@evil.com>",
        f"{word(' ' * 3000 + '<joe@bank.com>')},<bob@evil.com>",
        f"{word('joe＠bank.com')}, Bob <bob@evil.com>",
        f"{word('joe@bank.com')}, us: <bob@evil.com>;",
        f"{word('joe@bank.com')} bob@evil.com",
        '"joe@bank.com", <bob@evil.com>',
        "=?utf-8?Q?joe@bank.com,?= <bob@evil.com>",
        "=?utf-8?Q?joe@bank.com?= <bob@evil.com>",
        # Mailsploit (Haddouche 2017): programs that open encoded words in an address
        f"{word('joe@bank.com')}=?utf-8?Q?=00?=@evil.com",
        f"{word('joe@bank.com')}@evil.com",
        f'"{word("joe@bank.com")}"@evil.com',
        f"bob@{word('bank.com')}",
        "=?utf-8?Q?=6Aoe=40bank.com=0A=00?=@evil.com",
        # "Weak Links in Authentication Chains" (Shen and others 2021) and others: octets that end a name for some
        b"joe@bank.com\x00@evil.com",
        b"joe@bank.com\x00,bob@evil.com",
        b"joe@bank.com(\x00)",
        b'"joe\x00" <bob@evil.com>',
        b"joe@bank.com\r,bob@evil.com",
        b"joe@bank.com\n,bob@evil.com",
        b"joe@bank.com\r\n,bob@evil.com",
        b"(\r) bob@evil.com",
        b'"\n" <bob@evil.com>',
        b"bob@evil.com\x0b",
        b"bob\x7f@evil.com",
        b"bob@evil.com\x1b",
        b"jo\xffe@evil.com",
        b"joe@evil\xff.com",
        # white space, dots and at signs where they may not be
        "joe@evil.com .bank.com",
        "joe@bank .evil.com",
        "joe@bank. evil.com",
        "joe@bank(x).evil.com",
        "joe .x@evil.com",
        "joe x@evil.com",
        "joe (x) x@evil.com",
        "joe..x@evil.com",
        ".joe@evil.com",
        "joe.@evil.com",
        'joe."x"@evil.com',
        '"x".joe@evil.com',
        '"a""b"@evil.com',
        '"joe"x@evil.com',
        '"joe@bank.com" @evil.com',
        '"joe@bank.com"@ evil.com',
        '"joe@bank.com"(x)@evil.com',
        '"\\"joe@bank.com"@evil.com',
        "joe@bank.com@evil.com",
        "<joe@bank.com@evil.com>",
        "joe@@evil.com",
        "joe@bank..com",
        "joe@.bank.com",
        "joe@bank.com.",
        "joe@",
        "<joe@>",
        "@bank.com",
        "<@bank.com>",
        "joe",
        "Joe <joe>",
        "<>",
        "Joe <>",
        '""',
        "",
        " ",
        ",",
        "\r\n ",
        # what is no domain name
        "joe@[192.0.2.1]",
        "joe@[IPv6:2001:db8::1]",
        "<joe@[bank.com]>",
        "joe@bank_com@evil.com",
        "joe@-bank.com",
        "joe@bank,com",
        "joe@bank!com",
        'joe@"bank.com"',
        "joe@bank\u3002com",
        "joe@bank\uff0ecom",
        "joe@bank\uff61com",
        "joe@\uff42ank.com",
        "joe@bank\u2024com",
        "joe@ba\u200bnk.com",
        "joe@ex\u202eample.com",
        "jo\u202ee@example.com",
        "joe\uff20bank.com",
        # groups and semicolons
        "Nobody:;",
        '"joe@bank.com": bob@evil.com;',
        'Kimmailto:"joe@bank.com"@evil.com;',
        f"{word('joe@bank.com')}: bob@evil.com;",
        "Us: joe@bank.com",
        "Us: joe@bank.com,",
        "Us: Them: joe@bank.com;;",
        "Us: joe@bank.com; bob@bank.com",
        "joe@bank.com;",
        "joe@bank.com; bob@evil.com",
        ": joe@bank.com;",
        ";",
        "mailto:joe@bank.com",
        "mailto:joe@bank.com;",
        '"Kim"mailto:joe@bank.com;',
        "'joe@bank.com",
        "'joe@bank.com'",
        "'joe'@bank.com",
        "<`joe@bank.com>",
        "<mailto:joe@bank.com>",
        # what does not end, and what was never begun
        '"joe@bank.com',
        'Joe" <joe@bank.com>',
        '"Joe <joe@bank.com>',
        "joe@bank.com (",
        "joe@bank.com (\\)",
        "joe@bank.com )",
        "alice@example.org)bob@evil.org",
        "Joe <joe@bank.com",
        "joe@bank.com>",
        "Joe joe@bank.com>",
        "Kim, joe@bank.com",
        "joe@bank.com, Kim",
        "Joe @ Bank <joe@bank.com>",
        "joe@bank.com Joe <joe@bank.com>",
        "J\\oe <joe@bank.com>",
        ".Joe <joe@bank.com>",
        "Re: Joe <joe@bank.com>",
    ],
)
def test_an_author_that_could_be_read_otherwise_is_none(value):
    found = read(value)
    assert (found.address, found.domain) == ("", "")
    assert found.trouble.startswith(("The From field ", "The author's address "))
    assert set(found.findings) & {"from-malformed", "from-several-domains"}


@pytest.mark.parametrize(
    "value",
    [
        "joe@bank.com, bob@evil.com",
        "<joe@bank.com>, <bob@evil.com>",
        "joe@bank.com,<bob@evil.com>",
        "joe@bank.com <bob@evil.com>",
        "joe@bank.com\r\n <bob@evil.com>",
        "Us: joe@bank.com, bob@evil.com;",
        "Us: joe@bank.com;, bob@evil.com",
        "joe@bank.com, bob@mail.bank.com",
        "joe@bank.com, bob@[192.0.2.1]".replace("[192.0.2.1]", "192_0"),
    ],
)
def test_authors_of_several_domains_are_none(value):
    found = read(value)
    assert (found.domain, found.findings) == ("", ("from-several-domains",))


@pytest.mark.parametrize(
    ("header", "finding"),
    [
        (b"From: a@b.com\r\nFrom: c@d.com", "from-duplicated"),
        (b"From: a@b.com\r\nFROM: a@b.com", "from-duplicated"),
        (b"from: a@b.com\r\nFROM : a@b.com", "from-name-spaced"),
        (b"From : a@b.com", "from-name-spaced"),
        (b"From\t: a@b.com", "from-name-spaced"),
        (b"From\r\n : a@b.com\r\nFrom: c@d.com", "from-folded-name"),
        (b"From\r\n : a@b.com\r\nSender: c@d.com", "from-folded-name"),
        (b"From\r\n : a@b.com\r\nResent-From: c@d.com", "from-folded-name"),
        (b" From: a@b.com\r\nFrom: c@d.com", "from-folded-name"),
        (b"Sender: a@b.com", "from-missing"),
        (b"Subject: \0\r\nFrom: a@b.com", "header-nul"),
        (b"Subject: \r\rFrom: a@b.com", "header-bare-cr"),
        (b"Subject: \nFrom: a@b.com", "header-bare-lf"),
        (b"X: " + b"a" * (1 << 20) + b"\r\nFrom: a@b.com", "header-too-large"),
        (b"X: a\r\n" * 5001 + b"From: a@b.com", "header-too-many-fields"),
    ],
)
def test_a_header_that_others_may_read_differently_names_no_author(header, finding):
    found = split(header + b"\r\n\r\nbody\r\n")[0]
    assert finding in found.findings
    assert BROKEN.intersection(found.findings) or author.read(found).domain == ""


@pytest.mark.parametrize(
    ("header", "finding"),
    [
        (b"Sender: a@b.com\r\nSender: c@d.com", "sender-duplicated"),
        (b"Subject: x\r\nSubject: y", "subject-duplicated"),
        (b"Date: x\r\ndate: y", "date-duplicated"),
        (b"To: x\r\nX: z\r\nTo: y", "to-duplicated"),
        (b"Reply-To: x\r\nReply-To: y", "reply-to-duplicated"),
        (b"Message-ID: x\r\nMessage-Id: y", "message-id-duplicated"),
        (b"Content-Type: text/html\r\nContent-type: text/plain", "content-type-duplicated"),
        (b"Content-Transfer-Encoding: 8bit\r\nContent-Transfer-Encoding: x", "content-transfer-encoding-duplicated"),
        (b"Nonsense", "header-line-malformed"),
        (b"List-Id: <x>", "list-mark"),
    ],
)
def test_a_header_that_is_odd_is_named_and_has_an_author_all_the_same(header, finding):
    found = split(b"From: a@b.com\r\n" + header + b"\r\n\r\nbody\r\n")[0]
    assert finding in found.findings
    assert author.read(found).domain == "b.com"


def test_a_hundred_authors_and_twenty_comments_are_enough():
    assert read("(x)" * 20 + "joe@a.com").domain == "a.com"
    assert read("(x)" * 21 + "joe@a.com").domain == ""
    assert read(",".join(["joe@a.com"] * 100)).domain == "a.com"
    assert read(",".join(["joe@a.com"] * 101)).domain == ""


def test_several_authors_of_one_domain_are_named():
    assert read("joe@a.com, bob@a.com").findings == ("from-several-authors",)


def test_two_from_fields_of_two_domains_are_told_from_two_of_one():
    several = author.read(split(b"From: a@b.com\r\nFrom: c@d.com\r\n\r\n")[0])
    same = author.read(split(b"From: a@b.com\r\nFrom: a@b.com\r\n\r\n")[0])
    assert (several.domain, several.findings) == ("", ("from-several-domains",))
    assert (same.domain, same.findings) == ("", ())


# ---- hostile sizes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        b"a" * 25_000_000,
        b"a@b.com," * 100_000,
        b"a@b.com," * 2000,
        b"(" * 16_000,
        b"(" * 8000 + b")" * 8000 + b"a@b.com",
        b"()" * 8000 + b"a@b.com",
        b'"' + b"\\" * 16_000,
        b'"' + b"a\\b" * 5000,
        b'"' * 16_000,
        b" " * 16_000,
        b" " * 16_000 + b"\\",
        b"\r\n " * 5000 + b"a@b.com",
        b"a." * 8000 + b"@b.com",
        b"a@" + b"b." * 8000,
        b"a@" * 8000,
        b"<" * 16_000,
        b"a:" * 8000,
        b"[" * 16_000 + b"<a@b.com>",
        b"=?utf-8?q?" * 1500 + b" <a@b.com>",
        b"=?utf-8?b?" + b"A" * 15_000 + b"?= <a@b.com>",
        b"=?x?q?a?= " * 1500 + b"<a@b.com>",
        "\u0301".encode() * 8000 + b" <a@b.com>",
        "а".encode() * 8000 + b" <a@b.com>",
        b"a@" + "한".encode() * 5000,
        b"\xff" * 16_000 + b" <a@b.com>",
        b"a" + "\u0301".encode() * 7900 + b" <a@b.com>",
        b"a" + "\u0301\u0323".encode() * 3900 + b" <a@b.com>",
        "\uff9e".encode() * 5000 + b" <a@b.com>",
        "\u03b1\u0430a ".encode() * 2500 + b" <a@b.com>",
        b'"' + b"@" * 16_000 + b'" <a@b.com>',
        b'"' + b"a@b.c " * 2500 + b'" <a@b.com>',
    ],
)
def test_hostile_sizes_cost_little(value):
    header = split(b"From: " + value + b"\r\n\r\n")[0]
    begun = time.process_time()
    author.read(header, author.Ours(frozenset({"desk.example"}), frozenset({"Kim Minji"})))
    assert time.process_time() - begun < 1


PIECES = ["a@b.c", "x@y.z", "a", "Kim", "@", ".", "<", ">", "<a@b.c>", "<x@y.z>", ",", ";", ":", " ", "\r\n ", "(",
          ")", '"', "\\", "[", "]", "=?utf-8?Q?", "?=", "=?utf-8?Q?x=40y.z?=", "é"]  # fmt: skip


@given(st.binary(max_size=200))
def test_nothing_makes_it_raise(value):
    author.read(split(b"From: " + value + b"\r\n\r\n")[0])


@given(st.text(alphabet='a@.<>,:;()"\\ []é=?\r\n', max_size=60))
def test_an_author_always_has_the_domain_of_his_address(value):
    found = read(value)
    assert found.domain == "" or found.address.endswith("@" + found.domain)
    assert bool(found.domain) != bool(found.trouble)


@settings(max_examples=400)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_agents_are_shown_an_address_of_the_domain_that_was_judged(value):
    """What the lenient reading for people (mail/addresses) finds is never of another domain than the strict one."""
    found = read(value)
    if found.domain:
        shown = [each.email for each in addresses(unfold(value)) if "@" in each.email]
        assert {to_ascii(each.rpartition("@")[2]) for each in shown} <= {found.domain}


@pytest.mark.parametrize("name", NAMES)
def test_agents_are_shown_the_same_author(name):
    assert [each.email for each in addresses(unfold(f"{name} <joe@example.com>")) if each.email] == ["joe@example.com"]
