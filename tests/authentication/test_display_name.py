"""What the name beside an address claims: another address, several alphabets, our domain, one of us."""

import base64

import pytest

from gateway.authentication import author
from gateway.authentication.author import Ours
from gateway.authentication.display_name import skeleton

OURS = Ours(
    frozenset({"desk.example", "xn--3e0b707e.example"}),
    frozenset({"Kim Minji", "김민지", "Desk Support", "Olga10", "José"}),
)


def word(text, charset="utf-8", kind="B"):
    raw = text.encode(charset)
    data = base64.b64encode(raw).decode() if kind == "B" else "".join(f"={octet:02X}" for octet in raw)
    return f"=?{charset}?{kind}?{data}?="


def findings(value, ours=OURS):
    found = author.read_value(value if isinstance(value, bytes) else value.encode(), ours)
    assert found.domain
    return found.findings


# ---- another address ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        '"bank@bank.com"',
        '"Bank <bank@bank.com>"',
        '"bank@bank.com (Bank)"',
        '"bank@bank.com via Joe"',
        '"BANK@BANK.COM"',
        '"bank @ bank.com"',
        '"bank@bank.com\\\\"',
        '"bob@evil.com"',
        '"joe@mail.evil.com"',
        '"joe@evil.com bank@bank.com"',
        word("bank@bank.com"),
        word("bank@bank.com", kind="Q"),
        word("Bank <bank@bank.com>", "euc-kr"),
        f'"{word("bank@bank.com")}"',
        f"{word('bank@')} {word('bank.com')}",
        word("bank\uff20bank.com"),
        word("bank\ufe6bbank.com"),
        word("ba\u200bnk@\u200bbank.com"),
        word("\uff42\uff41\uff4e\uff4b@bank\uff0ecom"),
        word("bank@bank\u3002com"),
        word("bank@bank.com\x00"),
        word("Joe" + " " * 2000 + "bank@bank.com"),
        " ".join(["Joe"] * 2000) + " " + word("bank@bank.com"),
        word("bank@bank.com\n"),
        word("bank@b\u00e4nk.com"),
        "bank\uff20bank.com",
    ],
)
def test_another_address_in_the_name_is_named(name):
    assert findings(f"{name} <joe@evil.com>") == ("display-name-address",)


@pytest.mark.parametrize(
    "value",
    [
        "joe@evil.com (bank@bank.com)",
        f"(x) joe@evil.com ({word('bank@bank.com')})",
        '"Joe" <joe@evil.com> (bank@bank.com)',
    ],
)
def test_a_comment_is_shown_as_a_name_too(value):
    assert findings(value) == ("display-name-address",)


@pytest.mark.parametrize(
    "name",
    [
        '"joe@evil.com"',
        '"JOE@Evil.com"',
        '"<joe@evil.com>"',
        '"Joe (joe@evil.com)"',
        word("joe@evil.com"),
        '"@joe"',
        '"joe @ work"',
        '"Joe @ evil.com"',
        '"joe@localhost"',
        '"100% @ home."',
        "김민수",
    ],
)
def test_the_authors_own_address_or_none_is_not(name):
    assert findings(f"{name} <joe@evil.com>") == ()


def test_the_authors_own_address_may_be_written_in_u_labels():
    assert findings('"joe@b\u00fccher.example" <joe@xn--bcher-kva.example>') == ()
    assert findings('"joe@xn--bcher-kva.example" <joe@B\u00dcCHER.example>') == ()


# ---- several alphabets ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "B\u0430nk",
        "\u0412ank",
        "\u0391pple",
        "App\u200ble \u0410pple",
        word("P\u0430yPal"),
        word("\u03a1ayPal", kind="Q"),
    ],
)
def test_look_alikes_in_one_word_are_named(name):
    assert findings(f"{name} <joe@evil.com>") == ("display-name-mixed-scripts",)


@pytest.mark.parametrize(
    "name",
    ["홍길동 Kim", "홍길동Kim", "Иван Smith", "Γιώργος Smith", "Иван", "\u00b5Torrent", "Ivan2", "田中Taro", "Ünal"],
)
def test_alphabets_side_by_side_are_not(name):
    assert findings(f"{name} <joe@evil.com>") == ()


# ---- our domain -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "desk.example",
        "DESK.Example",
        '"desk.example Support"',
        '"support (desk.example)"',
        '"https://www.desk.example/help"',
        "desk.example고객센터",
        "desk.example.evil.com",
        word("desk.example"),
        word("d\u0435sk.ex\u0430mple").replace("?B?", "?b?"),
        word("\uff44\uff45\uff53\uff4b\uff0eexample"),
        word("desk\u3002example"),
        word("d\u00e9sk.example"),
        word("de\u200bsk.exam\u00adple"),
        word("한국.example"),
        "xn--3e0b707e.example",
    ],
)
def test_our_domain_in_a_strangers_name_is_named(name):
    assert "display-name-our-domain" in findings(f"{name} <joe@evil.com>")


def test_our_domain_in_an_address_in_a_strangers_name_is_named_twice():
    assert findings('"help@desk.example" <joe@evil.com>') == ("display-name-address", "display-name-our-domain")
    assert findings("joe@evil.com (help@mail.desk.example)") == ("display-name-address", "display-name-our-domain")


@pytest.mark.parametrize("name", ["mydesk.example", "my-desk.example", "desk.examples", "desk example", "deskexample"])
def test_another_domain_that_holds_the_letters_of_ours_is_not(name):
    assert findings(f"{name} <joe@evil.com>") == ()


# ---- our names ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "Kim Minji",
        "KIM  MINJI",
        "kim-minji",
        "KimMinji",
        '"Kim, Minji."',
        '"  kim\tminji "',
        "K\u0456m Minji",
        "K\u0456m M\u0456nj\u0456",
        "\u039aim \u039cinji",
        word("\uff2b\uff49\uff4d \uff2d\uff49\uff4e\uff4a\uff49"),
        word("Ki\u200bm\u3164Min\u00adji"),
        word("K\u00edm M\u00ecnji"),
        "김민지",
        "김 민지",
        "김.민지",
        word("김민지", "euc-kr"),
        word("\u1100\u1175\u11b7\u1106\u1175\u11ab\u110c\u1175"),
        "Desk Supp0rt",
        "0lgalo",
        "Jose",
        "[Desk] Support",
    ],
)
def test_the_name_of_one_of_us_is_named(name):
    assert "display-name-our-name" in findings(f"{name} <joe@evil.com>")


def test_the_name_of_one_of_us_in_raw_octets_or_a_comment_is_named():
    assert findings("김민지 <joe@evil.com>".encode("euc-kr")) == ("display-name-our-name",)
    assert findings("joe@evil.com (Kim Minji)") == ("display-name-our-name",)


@pytest.mark.parametrize(
    "name",
    [
        "Kim",
        "Minji Kim",
        "Kim Minjin",
        "Akim Minji",
        "Kim Minji Lee",
        "김민지훈",
        "김민",
        "Desk",
        "Olga",
        '""',
        '"..."',
    ],
)
def test_a_name_that_only_holds_one_of_ours_is_not(name):
    assert findings(f"{name} <joe@evil.com>") == ()


@pytest.mark.parametrize("address", ["kim@desk.example", "kim@mail.desk.example", "kim@한국.example"])
def test_we_may_use_our_own_names(address):
    assert findings(f'"Kim Minji (desk.example)" <{address}>') == ()


@pytest.mark.parametrize("name", ["Kim Minji", '"desk.example"', '"a localhost - b"', '"..."', '""'])
def test_without_anything_of_ours_nothing_is_claimed(name):
    assert findings(f"{name} <joe@evil.com>", Ours()) == ()
    assert findings(f"{name} <joe@evil.com>", Ours(frozenset({"localhost", ""}), frozenset({"", " "}))) == ()


def test_names_are_the_same_by_their_looks():
    assert skeleton("Kim  MINJI!") == skeleton("K\u0456m-Minji") == "kimminji"
    assert skeleton("R0bin 1ee") == skeleton("Robin lee")
    assert skeleton("김 민지") == skeleton("\u1100\u1175\u11b7\u1106\u1175\u11ab\u110c\u1175") != skeleton("김민준")


# ---- the author's own domain -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "domain", ["d\u0435sk.example", "desk.examp1e", "desk.example.evil.com", "x.d\u0435sk.example"],
)
def test_a_domain_that_looks_like_ours_is_named(domain):
    assert findings(f"Kim <kim@{domain}>") == ("author-like-our-domain",)


@pytest.mark.parametrize("domain", ["desk.example", "mail.desk.example", "mydesk.example", "desk.example-shop.com"])
def test_our_own_domain_and_others_are_not(domain):
    assert findings(f"Kim <kim@{domain}>") == ()
