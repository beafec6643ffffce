"""Tag lists, as signatures and keys are written (RFC 6376 section 3.2)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.authentication.tags import Malformed, read


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (b"a=1; b=2", {"a": b"1", "b": b"2"}),
        (b"a=1;b=2;", {"a": b"1", "b": b"2"}),
        (b"a=1;b=2; \r\n ", {"a": b"1", "b": b"2"}),
        (b" a = 1 ;\r\n\tb=;", {"a": b"1", "b": b""}),
        (b"\r\n\ta\r\n =\r\n 1\r\n ", {"a": b"1"}),
        (b"a=x y=z", {"a": b"x y=z"}),
        (b"a==", {"a": b"="}),
        (b"A=1;a=2", {"A": b"1", "a": b"2"}),
        (b"a_1Z=x", {"a_1Z": b"x"}),
        ("a=여보세요".encode(), {"a": "여보세요".encode()}),
    ],
)
def test_what_the_grammar_allows_is_read(text, values):
    assert read(text).values == values


@pytest.mark.parametrize(
    "text",
    [
        b"", b";", b" ", b"a", b"a;", b"=1", b" = 1", b";a=1", b"a=1;;b=2", b"a=1; ;", b"a=1;a=2", b"a=1;b=2;a=1",
        b"a b=1", b"a=\x00", b"a=\x7f", b"a=\x0b", b"_a=1", b"1a=1", b"a-b=1", b"a.b=1", "ä=1".encode(), b"\x0ba=1",
    ],
)  # fmt: skip
def test_what_the_grammar_does_not_allow_makes_the_whole_list_void(text):
    with pytest.raises(Malformed):
        read(text)


def test_a_tag_given_twice_makes_the_list_void_even_with_one_value():
    with pytest.raises(Malformed, match="d= comes twice"):
        read(b"d=a; d=a")


def test_folding_goes_but_blanks_inside_a_value_stay():
    assert read(b"n=one\r\n two").text("n") == "one two"


@pytest.mark.parametrize(
    ("value", "words"),
    [(b"a:b", ["a", "b"]), (b" a : b ", ["a", "b"]), (b"a\r\n :\r\n\tb", ["a", "b"]), (b"A:a", ["A", "a"])],
)
def test_lists_are_parted_by_colons_with_or_without_space_and_case_counts(value, words):
    assert read(b"q=" + value).words("q") == words


@pytest.mark.parametrize(
    ("value", "octets"),
    [(b"YWI=", b"ab"), (b"Y W\r\n\tI =", b"ab"), (b"YWI", None), (b"YWI==", None), (b"=", None), (b"Y=WI", None),
     (b"YW-_", None), (b"YWI=YWI=", None), (b"Y*WI=", None), ("ＹWI=".encode(), None)],
)  # fmt: skip
def test_base64_may_be_folded_anywhere_and_holds_nothing_else(value, octets):
    tags = read(b"b=" + value)
    if octets is None:
        with pytest.raises(Malformed):
            tags.octets("b")
    else:
        assert tags.octets("b") == octets


@pytest.mark.parametrize(
    ("value", "number"),
    [(b"0", 0), (b"007", 7), (b"9" * 76, int("9" * 76)), (b"9" * 77, None), (b"", None), (b"-1", None), (b"+1", None),
     (b"1 2", None), (b"0x10", None), (b"1_000", None), ("٣".encode(), None), (b"1e3", None), (b"1.0", None)],
)  # fmt: skip
def test_a_number_is_digits(value, number):
    tags = read(b"l=" + value)
    if number is None:
        with pytest.raises(Malformed):
            tags.number("l")
    else:
        assert tags.number("l") == number


@pytest.mark.parametrize(
    ("value", "plain"),
    [(b"joe", "joe"), (b"a=3Bb", "a;b"), (b"a\r\n b", "ab"), (b"=20", " "), (b"=3b", "=3b"), (b"a=", "a="),
     (b"=ZZ", "=ZZ"), (b"=ED=95=9C", "한"), (b"=FF", "\ufffd")],
)  # fmt: skip
def test_quoted_printable_of_dkim_is_decoded(value, plain):
    """Section 2.11."""
    assert read(b"i=" + value).plain("i") == plain


@pytest.mark.parametrize(
    ("text", "emptied"),
    [
        (b"a=1; b=xyz", b"a=1; b="),
        (b"a=1; b=xyz;", b"a=1; b=;"),
        (b"b = x y z \r\n ; c=1", b"b =; c=1"),
        (b"a=1; bb=b=1; b=\r\n x", b"a=1; bb=b=1; b="),
        (b"z=b=1; b=2; x=3;\r\n ", b"z=b=1; b=; x=3;\r\n "),
    ],
)
def test_only_the_value_of_b_and_the_space_around_it_is_taken_out(text, emptied):
    """Section 3.7."""
    assert read(text).emptied == emptied


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | st.text("ab=; \t\r\n:", max_size=40).map(str.encode))
def test_whatever_stands_there_it_is_a_list_or_malformed(text):
    try:
        found = read(text)
    except Malformed:
        return
    assert found.values
    assert b";" not in b"".join(found.values.values())
