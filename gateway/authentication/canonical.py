"""The two canonical forms of header and body (RFC 6376 section 3.4), and the body's hash.

dkimpy is what the tests compare with, and does not run here: it takes six times as long for an ordinary field, 90 ms
for a megabyte of words, and seconds for megabytes of blanks in a body. A large body is hashed in pieces, so that the
other sessions go on; whatever a mail's signatures ask, it is walked once for each canonical form.
"""

import asyncio
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gateway.authentication.fields import Field, single_spaced

PIECE = 1 << 17
"""Octets of body between two breaths of the event loop: under two milliseconds of work, whatever they hold."""

_LINE_ENDS = re.compile(rb"(?:\n\r)*")


def field_bytes(field: Field, form: str) -> bytes:
    """One signed field, with its CRLF (sections 3.4.1 and 3.4.2)."""
    if form == "simple":
        return field.label + b":" + field.value + b"\r\n"
    return field.relaxed


def pieces(body: bytes | memoryview, form: str, size: int = PIECE) -> Iterator[bytes]:
    """The body in canonical form, a piece (which may be empty) for each piece read. Linear whatever it holds."""
    squeeze = _squeezed if form == "relaxed" else bytes
    line_ends, rest, nothing_yet = 0, b"", True
    for start in range(0, len(body), size):
        text = squeeze(rest + bytes(body[start : start + size]))
        # What stands at the end may be trailing empty lines, or half of a CRLF: it waits for what follows.
        text, rest = _without_open_end(text, form)
        kept, ends = _without_line_ends(text)
        if kept:
            yield from _empty_lines(line_ends, size)
            nothing_yet, line_ends = False, ends
        else:
            line_ends += ends
        yield kept
    if form == "relaxed":
        rest = rest.rstrip(b" ")
    if rest:
        yield from _empty_lines(line_ends, size)
        yield rest
        nothing_yet = False
    if not nothing_yet or form == "simple":
        yield b"\r\n"


def whole(body: bytes | memoryview, form: str) -> bytes:
    return b"".join(pieces(body, form))


def _empty_lines(count: int, size: int) -> Iterator[bytes]:
    for start in range(0, count, size):
        yield b"\r\n" * min(size, count - start)


def _squeezed(text: bytes) -> bytes:
    return single_spaced(text).replace(b" \r\n", b"\r\n")


def _without_open_end(text: bytes, form: str) -> tuple[bytes, bytes]:
    # At most " \r": runs of blanks are one by now.
    keep = len(text)
    if text.endswith(b"\r"):
        keep -= 1
    if form == "relaxed" and text.endswith(b" ", 0, keep):
        keep -= 1
    return text[:keep], text[keep:]


def _without_line_ends(text: bytes) -> tuple[bytes, int]:
    tail = len(text) - len(text.rstrip(b"\r\n"))
    ends = tail // 2
    if not text.endswith(b"\r\n" * ends):
        # Bare ones stand among them: only the whole ones behind the last bare one are counted.
        match = _LINE_ENDS.match(text[: -tail - 1 : -1])
        ends = match.end() // 2 if match else 0
    return text[: len(text) - 2 * ends], ends


@dataclass(frozen=True, slots=True)
class BodyHash:
    digest: bytes
    length: int
    """Octets of the whole canonical body, whatever l= asked."""


BodyHashes = dict[tuple[str, int | None], BodyHash]
"""By canonical form and l=."""


async def body_hashes(body: bytes | memoryview, wanted: Iterable[tuple[str, int | None]]) -> BodyHashes:
    """SHA-256 of the body for each (canonical form, l= or None); the loop breathes between pieces."""
    found: BodyHashes = {}
    marks: dict[str, set[int | None]] = {}
    for form, limit in wanted:
        marks.setdefault(form, set()).add(limit)
    for form, limits in marks.items():
        digests, length = await _digests(body, form, sorted(mark for mark in limits if mark is not None))
        for limit in limits:
            found[form, limit] = BodyHash(digests.get(limit, digests[None]), length)
    return found


async def _digests(body: bytes | memoryview, form: str, marks: list[int]) -> tuple[dict[int | None, bytes], int]:
    hasher, length = hashlib.sha256(), 0
    digests: dict[int | None, bytes] = {}
    for piece in pieces(body, form):
        start = 0
        while marks and marks[0] <= length + len(piece):
            hasher.update(piece[start : marks[0] - length])
            start = marks[0] - length
            digests[marks.pop(0)] = hasher.digest()
        hasher.update(piece[start:])
        length += len(piece)
        if len(body) > PIECE:
            await asyncio.sleep(0)
    digests[None] = hasher.digest()
    return digests, length
