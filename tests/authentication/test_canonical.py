"""Canonical forms (RFC 6376 section 3.4), beside dkimpy's, and the hashes of one walk (section 3.7)."""

import asyncio
import hashlib

import pytest
from dkim.canonicalization import Relaxed, Simple
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.authentication.canonical import PIECE, body_hashes, field_bytes, pieces, whole
from gateway.authentication.fields import Field

PARTS = st.sampled_from([b" ", b"\t", b"\r\n", b"\r", b"\n", b"a", b"b c", b"\r\n\r\n", b"  \r\n", b"\0", b"\xff"])
BODIES = st.lists(PARTS).map(b"".join)


@settings(max_examples=500, deadline=None)
@given(BODIES, st.integers(1, 9))
def test_any_body_in_any_pieces_is_what_dkimpy_makes_of_it(body, size):
    body += b"\r\n"
    assert b"".join(pieces(body, "simple", size)) == Simple.canonicalize_body(body)
    assert b"".join(pieces(body, "relaxed", size)) == Relaxed.canonicalize_body(body)


@settings(max_examples=300, deadline=None)
@given(BODIES, st.integers(1, 9), st.sampled_from(["simple", "relaxed"]))
def test_a_body_is_the_same_in_any_pieces_with_a_last_line_end_or_without(body, size, form):
    assert b"".join(pieces(body, form, size)) == whole(body, form)
    if not body.endswith((b"\r", b" ", b"\t")) and body:
        assert whole(body + b"\r\n", form) == whole(body, form)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([b"Subject", b"SUBJECT \t", b"subject"]),
    st.lists(st.sampled_from([b" ", b"\t", b"\r\n ", b"\r\n\t", b"a", b"B;c=", b"\xc3", b":"])).map(b"".join),
)
def test_any_field_is_what_dkimpy_makes_of_it(label, value):
    value += b"z"
    field = Field(b"subject", label, value)
    for form, theirs in (("simple", Simple), ("relaxed", Relaxed)):
        [(name, text)] = theirs.canonicalize_headers([(label, value + b"\r\n")])
        assert field_bytes(field, form) == name + b":" + text


@pytest.mark.parametrize(
    ("body", "simple", "relaxed"),
    [
        (b"", b"\r\n", b""),
        (b"\r\n", b"\r\n", b""),
        (b"\r\n\r\n", b"\r\n", b""),
        (b" \r\n", b" \r\n", b""),
        (b" ", b" \r\n", b""),
        (b"\t \r\n \r\n", b"\t \r\n \r\n", b""),
        (b" C \r\nD \t E\r\n\r\n\r\n", b" C \r\nD \t E\r\n", b" C\r\nD E\r\n"),
        (b"\r\n\r\nx\r\n", b"\r\n\r\nx\r\n", b"\r\n\r\nx\r\n"),
        (b"no end", b"no end\r\n", b"no end\r\n"),
        (b"no end  ", b"no end  \r\n", b"no end\r\n"),
        (b"a\r", b"a\r\r\n", b"a\r\r\n"),
        (b"a\n\n", b"a\n\n\r\n", b"a\n\n\r\n"),
        (b"a \n", b"a \n\r\n", b"a \n\r\n"),
        (b"a\v \f\r\n", b"a\v \f\r\n", b"a\v \f\r\n"),
        (b"\xe3\x80\x80\r\n\xc2\xa0\r\n", b"\xe3\x80\x80\r\n\xc2\xa0\r\n", b"\xe3\x80\x80\r\n\xc2\xa0\r\n"),
        (b"a\0 \0\r\n", b"a\0 \0\r\n", b"a\0 \0\r\n"),
    ],
)
def test_bodies_in_both_forms(body, simple, relaxed):
    """Sections 3.4.3 and 3.4.4, and the examples of 3.4.5."""
    assert (whole(body, "simple"), whole(body, "relaxed")) == (simple, relaxed)


def test_the_hashes_of_an_empty_body_are_those_of_the_rfc():
    """Sections 3.4.3 and 3.4.4 tell them."""
    digests = {form: hashlib.sha256(whole(b"", form)).digest().hex() for form in ("simple", "relaxed")}
    assert digests["simple"].startswith("7eb70257593da06f682a3ddda54a9d260d4fc514f645237f5ca74b08f8da61a6")
    assert digests["relaxed"].startswith("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")


@pytest.mark.parametrize(
    ("label", "value", "relaxed"),
    [
        (b"A", b" X", b"a:X\r\n"),
        (b"B ", b" Y\t\r\n\tZ  ", b"b:Y Z\r\n"),
        (b"SubJect\t", b"AbC", b"subject:AbC\r\n"),
        (b"A", b"", b"a:\r\n"),
        (b"A", b" \r\n \t\r\n ", b"a:\r\n"),
        (b"A", b"x\v ", b"a:x\v\r\n"),
        (b"A", b"\fx", b"a:\fx\r\n"),
        (b"A", b"x\n y\r z", b"a:x\n y\r z\r\n"),
        (b"A", b"\xc2\xa0x\xc2\xa0 ", b"a:\xc2\xa0x\xc2\xa0\r\n"),
        (b"A", b" x\0 y", b"a:x\0 y\r\n"),
    ],
)
def test_fields_in_both_forms(label, value, relaxed):
    """Sections 3.4.1 and 3.4.2, and the example of 3.4.5; only blank and tab are white space (section 2.8)."""
    field = Field(label.strip().lower(), label, value)
    assert field_bytes(field, "relaxed") == relaxed
    assert field_bytes(field, "simple") == label + b":" + value + b"\r\n"


async def test_one_walk_gives_every_hash():
    body = b"one  two\r\nthree\r\n\r\n"
    found = await body_hashes(body, [("relaxed", None), ("relaxed", 3), ("relaxed", 0), ("relaxed", 99), ("simple", 5)])
    assert found["relaxed", None].digest == hashlib.sha256(b"one two\r\nthree\r\n").digest()
    assert found["relaxed", 3].digest == hashlib.sha256(b"one").digest()
    assert found["relaxed", 0].digest == hashlib.sha256(b"").digest()
    assert found["relaxed", 99].length == len(b"one two\r\nthree\r\n")
    assert found["simple", 5].digest == hashlib.sha256(b"one  ").digest()


@settings(max_examples=100, deadline=None)
@given(BODIES, st.lists(st.integers(0, 30), max_size=6), st.sampled_from(["simple", "relaxed"]))
def test_every_l_is_the_hash_of_so_many_octets_of_the_canonical_body(body, limits, form):
    text = whole(body, form)
    found = asyncio.run(body_hashes(body, [(form, limit) for limit in limits] + [(form, None)]))
    for limit in limits:
        assert found[form, limit].digest == hashlib.sha256(text[:limit]).digest()
        assert found[form, limit].length == len(text)


class Body:
    """A body that counts how much of it is read."""

    def __init__(self, octets):
        self.octets, self.read = octets, 0

    def __len__(self):
        return len(self.octets)

    def __getitem__(self, part):
        self.read += len(self.octets[part])
        return self.octets[part]


async def test_whatever_signatures_ask_a_body_is_walked_once_for_each_form():
    body = Body(b"a\r\n" * PIECE)
    await body_hashes(body, [(form, limit) for limit in range(5) for form in ("simple", "relaxed")])
    assert body.read == 2 * len(body)


async def test_others_get_their_turn_while_a_large_body_is_hashed():
    turns = 0

    async def other():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    await body_hashes(b"x" * 20 * PIECE, [("relaxed", None)])
    task.cancel()
    assert turns >= 20
