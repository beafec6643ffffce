"""Domain names as A-labels (RFC 5890, 5891, 5893): what a mail's domain may be, and what only looks like one."""

import time

import pytest

from gateway.authentication.names import can_be_asked, is_within, to_ascii


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("example.com", "example.com"),
        ("EXAMPLE.Com", "example.com"),
        ("example.com.", "example.com"),
        ("localhost", "localhost"),
        ("_spf.example.com", "_spf.example.com"),
        ("xn--3e0b707e.example", "xn--3e0b707e.example"),
        ("XN--3E0B707E.example", "xn--3e0b707e.example"),
        ("한국.example", "xn--3e0b707e.example"),
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("B\u00dcCHER.example", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
        ("ラーメン・カレー.example", "xn--lckwfxao7aycef.example"),
    ],
)
def test_a_name_is_the_same_however_it_is_written(written, name):
    assert to_ascii(written) == name


def test_idna_2008_keeps_sharp_s_and_joiners_where_they_change_the_name():
    assert to_ascii("fa\u00df.example") == "xn--fa-hia.example"
    assert to_ascii("fass.example") == "fass.example"
    assert to_ascii("\u0915\u094d\u200d\u0937.example") == "xn--11b2ezcw70k.example"


@pytest.mark.parametrize(
    "written",
    [
        "",
        ".",
        "example..com",
        ".example.com",
        "example.com..",
        "-example.com",
        "example-.com",
        "exam ple.com",
        "example.com\n",
        "exam\x00ple.com",
        "a" * 64 + ".com",
        "한" * 64 + ".com",
        ".".join(["a" * 49] * 6),
        "a." * 5000 + "com",
        "example\u3002com",
        "example\uff0ecom",
        "example\uff61com",
        "\uff45xample.com",
        "e\u200bxample.com",
        "ex\u200dample.com",
        "ex\u202eample.com",
        "\u0301a.com",
        "\ufb01.com",
        "\u2603.com",
        "\u3164.com",
        "1\u05d0.com",
        "exa\udcffmple.com",
        "[192.0.2.1]",
    ],
)
def test_what_is_no_name_is_no_name(written):
    assert to_ascii(written) == ""


def test_a_look_alike_is_another_name():
    assert to_ascii("\u0430pple.com") == "xn--pple-43d.com"


@pytest.mark.parametrize("letter", ["한", "\u0301", "\u05d0", "a\u0308", "\u0915\u094d\u200d", "\u00df"])
def test_hostile_lengths_cost_little(letter):
    begun = time.process_time()
    for written in (letter * 63 + ".com", letter * 100_000, ".".join([letter * 20] * 12)):
        to_ascii(written)
    assert time.process_time() - begun < 0.3


@pytest.mark.parametrize(
    ("name", "can"),
    [("a b.example", True), ("x" * 63, True), ("x" * 64, False), ("a..b", False), ("a." * 126 + "ab", False)],
)
def test_what_dns_can_carry_is_asked_however_odd(name, can):
    assert can_be_asked(name) == can


@pytest.mark.parametrize(
    ("name", "within"),
    [("example.com", True), ("a.example.com", True), ("notexample.com", False), ("com", False)],
)
def test_within_is_by_whole_labels(name, within):
    assert is_within(name, "example.com") == within
