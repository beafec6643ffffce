"""Canonical forms (RFC 6376 section 3.4), beside dkimpy's, and the hashes of one walk."""

import hashlib

import pytest
from dkim.canonicalization import Relaxed, Simple
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.authentication.canonical import body_hashes, field_bytes, pieces, whole
from gateway.authentication.fields import Field

BODIES = st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"\r", b"\n", b"a", b"b c", b"\r\n\r\n", b"  \r\n"])).map(
    b"".join
)


@settings(max_examples=300, deadline=None)
@given(BODIES, st.integers(1, 9))
def test_any_body_in_any_pieces_is_what_dkimpy_makes_of_it(body, size):
    body += b"\r\n"
    assert b"".join(pieces(body, "simple", size)) == Simple.canonicalize_body(body)
    assert b"".join(pieces(body, "relaxed", size)) == Relaxed.canonicalize_body(body)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([b" ", b"\t", b"\r\n ", b"a", b"B;c=", b"\xc3"])).map(b"".join))
def test_any_field_is_what_dkimpy_makes_of_it(value):
    field = Field(b"subject", b"Subject", value)
    for form, theirs in (("simple", Simple), ("relaxed", Relaxed)):
        [(name, text)] = theirs.canonicalize_headers([(b"Subject", value + b"\r\n")])
        assert field_bytes(field, form) == name + b":" + text


@pytest.mark.parametrize(
    ("body", "simple", "relaxed"),
    [
        (b"", b"\r\n", b""),
        (b"\r\n\r\n", b"\r\n", b""),
        (b" \r\n", b" \r\n", b""),
        (b" C \r\nD \t E\r\n\r\n\r\n", b" C \r\nD \t E\r\n", b" C\r\nD E\r\n"),
        (b"no end", b"no end\r\n", b"no end\r\n"),
        (b"no end  ", b"no end  \r\n", b"no end\r\n"),
    ],
)
def test_the_examples_of_the_rfc(body, simple, relaxed):
    assert (whole(body, "simple"), whole(body, "relaxed")) == (simple, relaxed)


def test_a_vertical_tab_is_no_white_space():
    assert field_bytes(Field(b"a", b"A", b" x\v "), "relaxed") == b"a:x\v\r\n"


async def test_one_walk_gives_every_hash():
    body = b"one  two\r\nthree\r\n\r\n"
    found = await body_hashes(body, [("relaxed", None), ("relaxed", 3), ("relaxed", 0), ("relaxed", 99), ("simple", 5)])
    assert found["relaxed", None].digest == hashlib.sha256(b"one two\r\nthree\r\n").digest()
    assert found["relaxed", 3].digest == hashlib.sha256(b"one").digest()
    assert found["relaxed", 0].digest == hashlib.sha256(b"").digest()
    assert found["relaxed", 99].length == len(b"one two\r\nthree\r\n")
    assert found["simple", 5].digest == hashlib.sha256(b"one  ").digest()
