"""How a message falls into fields and a body (RFC 5322 section 2.2), byte by byte and whatever stands there."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.authentication.fields import BROKEN, MAX_FIELDS, MAX_HEADER, Field, split, with_wire_ends


def fields_of(raw):
    header, body = split(raw)
    return [(field.name, field.label, field.value) for field in header.fields], bytes(body)


@pytest.mark.parametrize(
    ("raw", "fields", "body"),
    [
        (b"A: b\r\n\r\nbody", [(b"a", b"A", b" b")], b"body"),
        (b"A: b\r\n\r\n", [(b"a", b"A", b" b")], b""),
        (b"A: b\r\n", [(b"a", b"A", b" b")], b""),
        (b"A: b", [(b"a", b"A", b" b")], b""),
        (b"A:\r\n\r\n\r\nbody", [(b"a", b"A", b"")], b"\r\nbody"),
        (b"A: b\r\n c\r\n\td\r\nB:e\r\n\r\n", [(b"a", b"A", b" b\r\n c\r\n\td"), (b"b", b"B", b"e")], b""),
        (b"A: b\r\n \r\n c\r\n\r\nx", [(b"a", b"A", b" b\r\n \r\n c")], b"x"),
        (b"aB \t: c\r\n\r\n", [(b"ab", b"aB \t", b" c")], b""),
        (b"A: b: c\r\n\r\n", [(b"a", b"A", b" b: c")], b""),
        (b"A: \xff\0\r\n\r\n", [(b"a", b"A", b" \xff\0")], b""),
        (b"A: b\nC: d\r\n\r\n", [(b"a", b"A", b" b\nC: d")], b""),
        (b"A: b\r C: d\r\n\r\n", [(b"a", b"A", b" b\r C: d")], b""),
        (b"nothing\r\nA: b\r\n\r\n", [(b"", b"", b"nothing"), (b"a", b"A", b" b")], b""),
        (b"a b: c\r\n\r\n", [(b"", b"", b"a b: c")], b""),
        ("é: c\r\n\r\n".encode(), [(b"", b"", "é: c".encode())], b""),
        (b": c\r\n\r\n", [(b"", b"", b": c")], b""),
        (b" c\r\nA: b\r\n\r\n", [(b"", b"", b" c"), (b"a", b"A", b" b")], b""),
        (b"From joe Mon Jan  1\r\nA: b\r\n\r\n", [(b"a", b"A", b" b")], b""),
        (b">From joe\r\nA: b\r\n\r\n", [(b"a", b"A", b" b")], b""),
        (b"From : joe\r\n\r\n", [(b"from", b"From ", b" joe")], b""),
        (b"\r\nA: b\r\n\r\n", [], b"A: b\r\n\r\n"),
        (b"\r\n", [], b""),
        (b"", [], b""),
    ],
)
def test_what_is_field_and_what_is_body(raw, fields, body):
    assert fields_of(raw) == (fields, body)


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (b"A: b\nB: c\n\nbody\n", b"A: b\r\nB: c\r\n\r\nbody\r\n"),
        (b"A: b\r\nB: c\nD: e\r\n", b"A: b\r\nB: c\nD: e\r\n"),
        (b"A: b", b"A: b"),
        (b"A: b\rB: c\r", b"A: b\rB: c\r"),
        (b"", b""),
    ],
)
def test_a_file_as_unix_keeps_it_is_read_with_the_line_ends_of_the_wire(raw, read):
    assert with_wire_ends(raw) == read


@pytest.mark.parametrize(
    ("raw", "finding"),
    [
        (b"From: a\0\r\n\r\n", "header-nul"),
        (b"From: a\n\r\n\r\n", "header-bare-lf"),
        (b"From: a\rb\r\n\r\n", "header-bare-cr"),
        (b"From: a\r\nnonsense\r\n\r\n", "header-line-malformed"),
        (b"From: a\r\n\v, b@evil.example\r\n\r\n", "from-goes-astray"),
        (b"From: a\r\n\xc2\xa0, b@evil.example\r\n\r\n", "from-goes-astray"),
        (b"From : a\r\n\r\n", "from-name-spaced"),
        (b"From\r\n : a\r\n\r\n", "from-folded-name"),
        (b"To: a\r\n\r\n", "from-missing"),
        (b"From: a\r\nFrom: b\r\n\r\n", "from-duplicated"),
        (b"From: a\r\nSubject: b\r\nSUBJECT: c\r\n\r\n", "subject-duplicated"),
        (b"From: a\r\nList-Id: b\r\n\r\n", "list-mark"),
        (b"From: a\r\n" + b"X: y\r\n" * MAX_FIELDS + b"\r\n", "header-too-many-fields"),
        (b"From: a\r\nX: " + b"y" * MAX_HEADER + b"\r\n\r\n", "header-too-large"),
    ],
)
def test_what_another_parser_may_read_differently_is_named(raw, finding):
    assert finding in split(raw)[0].findings


def test_a_plain_header_has_no_findings():
    assert split(b"From: a\r\nTo: b\r\nSubject: c\r\n\r\nbody")[0].findings == ()


def test_a_header_of_a_megabyte_is_read_and_of_a_larger_one_nothing_is_believed():
    block = b"From: a\r\nX: "
    whole = block + b"y" * (MAX_HEADER - len(block)) + b"\r\n\r\nbody"
    assert len(split(whole)[0].fields) == 2
    header, body = split(whole.replace(b"\r\n\r\n", b"y\r\n\r\n"))
    assert (header.fields, bytes(body)) == ((), b"")


NAMES = st.lists(st.sampled_from([b"a", b"b", b"c"]), max_size=6)


@settings(max_examples=200, deadline=None)
@given(NAMES, NAMES)
def test_each_name_of_h_takes_the_lowest_field_not_yet_taken(present, asked):
    """RFC 6376 section 5.4.2, told the slow way."""
    raw = b"".join(name + b": %d\r\n" % number for number, name in enumerate(present)) + b"\r\n"
    left = [(name, b" %d" % number) for number, name in enumerate(present)]
    expected = []
    for name in asked:
        match = next((field for field in reversed(left) if field[0] == name), None)
        if match:
            left.remove(match)
            expected.append(match)
    assert [(field.name, field.value) for field in split(raw)[0].signed(asked)] == expected


def test_the_signature_itself_is_never_among_what_it_signs():
    header, _ = split(b"S: top\r\nS: low\r\n\r\n")
    top, low = header.fields
    assert header.signed([b"s", b"s"], top) == [low]
    assert header.signed([b"s"], low) == [top]
    assert header.signed([b"s"]) == [low]
    assert header.signed([b"s", b"s", b"s"], Field(b"s", b"S", b" top")) == [low, top]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([b"A", b":", b" ", b"\r\n", b"\r", b"\n", b"\0", b"\xff", b"From"])).map(b"".join))
def test_no_octet_is_lost_or_made_up(raw):
    header, body = split(raw)
    assert raw.endswith(bytes(body))
    for field in header.fields:
        assert (field.label + b":" + field.value if field.name else field.value) in raw


@pytest.mark.parametrize("line", [
    b"\xef\xbb\xbfFrom: ceo@victim.example", b"\xc2\xa0From: ceo@victim.example", b"From\xc2\xa0: ceo@victim.example",
    b"From\xe2\x80\x8b: ceo@victim.example", b"\x01From: ceo@victim.example", b"Fr\x7fom: ceo@victim.example",
    b"F\xc2\xadrom: ceo@victim.example",
])  # fmt: skip
def test_a_line_that_another_parser_may_take_for_a_second_from_breaks_the_header(line):
    for raw in (line + b"\r\nFrom: me@evil.example\r\n", b"From: me@evil.example\r\nTo: a@b.c\r\n" + line + b"\r\n"):
        assert BROKEN & set(split(raw)[0].findings)
