"""The header as its author's server wrote it: fields in order, bytes untouched (RFC 5322 section 2.2).

Signatures are over exact bytes, so nothing here decodes or repairs. What another parser may read differently (a NUL, a
bare line end, a name folded away from its colon) is not mended but named, in one word, among the findings.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from mmap import mmap

MAX_HEADER = 1 << 20
"""Octets of header that are looked at; more is a finding and nothing in it is believed."""
MAX_FIELDS = 5000

ONCE = (b"from", b"sender", b"subject", b"date", b"to", b"cc", b"reply-to", b"message-id", b"in-reply-to",
        b"references", b"content-type", b"content-transfer-encoding")  # fmt: skip
"""Fields that RFC 5322 section 3.6 allows once, and those that say how the body is read (RFC 2045): put above the ones
that were signed, others of them make another text of a body that the signature still holds for."""
LIST_MARKS = frozenset({b"list-id", b"list-post", b"list-unsubscribe", b"list-help", b"list-subscribe"})
BROKEN = frozenset(
    {
        "header-nul",
        "header-bare-cr",
        "header-bare-lf",
        "header-too-large",
        "header-too-many-fields",
        "from-name-spaced",
        "from-folded-name",
        "from-goes-astray",
    }
)
"""Findings after which two parsers may not agree on who wrote the mail."""

_NAME = re.compile(rb"([\x21-\x39\x3b-\x7e]+)([ \t]*):")
_INVISIBLE = bytes([*range(0x21), *range(0x7F, 0x100)])
"""What another parser may pass over in a field's name."""


@dataclass(frozen=True)
class Field:
    name: bytes
    """In lower case; b"" for a line that is no field."""
    label: bytes
    """The name as written, up to the colon."""
    value: bytes
    """All after the colon with its folding, up to and without the last CRLF."""

    @cached_property
    def relaxed(self) -> bytes:
        """In relaxed canonical form, with its CRLF (RFC 6376 section 3.4.2): made once, however many signed it."""
        return self.name + b":" + single_spaced(self.value.replace(b"\r\n", b"")).strip(b" ") + b"\r\n"


@dataclass(frozen=True)
class Header:
    fields: tuple[Field, ...]
    places: dict[bytes, list[int]]
    """Where the fields of each name stand, from the top."""
    findings: tuple[str, ...]

    def named(self, name: bytes) -> list[Field]:
        return [self.fields[place] for place in self.places.get(name, ())]

    def signed(self, names: Iterable[bytes], signature: Field | None = None) -> list[Field]:
        """The fields that h= means: each name takes the lowest not yet taken (RFC 6376 section 5.4.2).

        signature: the signature's own field, which is not among them: a name can only mean other ones (section 5.4).
        """
        chosen = []
        left = {name: list(places) for name in set(names) if (places := self.places.get(name))}
        for name in names:
            while left.get(name):
                field = self.fields[left[name].pop()]
                if field is not signature:
                    chosen.append(field)
                    break
        return chosen


def split(raw: bytes | mmap) -> tuple[Header, memoryview]:
    """Header and body of a message with CRLF line ends. Never raises; linear in the size."""
    if raw[:2] == b"\r\n":
        return Header((), {}, ("from-missing",)), memoryview(raw)[2:]
    end = raw.find(b"\r\n\r\n", 0, MAX_HEADER + 4)
    if end >= 0:
        return _header(raw[:end]), memoryview(raw)[end + 4 :]
    if len(raw) > MAX_HEADER:
        return Header((), {}, ("header-too-large",)), memoryview(b"")
    return _header(raw[:]), memoryview(b"")


def single_spaced(text: bytes) -> bytes:
    """Each run of blanks and tabs as one blank; VT and FF are no white space here (RFC 6376 section 2.8)."""
    # Halving the runs is linear, and much faster than a regular expression.
    text = text.replace(b"\t", b" ")
    while b"  " in text:
        text = text.replace(b"  ", b" ")
    return text


def with_wire_ends(raw: bytes | mmap) -> bytes | mmap:
    """A message file with the line ends of the wire. A file of bare LFs, as Unix keeps it, gets CRLFs."""
    if raw.find(b"\n") < 0 or raw.find(b"\r\n") >= 0:
        return raw
    return raw[:].replace(b"\n", b"\r\n")


def _header(block: bytes) -> Header:
    findings = _raw_findings(block)
    block = block.removesuffix(b"\r\n")
    if block.count(b"\r\n") - block.count(b"\r\n ") - block.count(b"\r\n\t") >= MAX_FIELDS:
        return Header((), {}, (*findings, "header-too-many-fields"))
    lines = re.split(rb"\r\n(?![ \t])", block)
    # An mbox file's first line is no field and no fault of the sender.
    if lines and lines[0].startswith((b"From ", b">From ")) and not _NAME.match(lines[0]):
        lines = lines[1:]
    fields = tuple(_field(line) for line in lines if line)
    places = _places(fields)
    return Header(fields, places, (*findings, *_shape_findings(fields, places), *_count_findings(places)))


def _places(fields: tuple[Field, ...]) -> dict[bytes, list[int]]:
    places: dict[bytes, list[int]] = {}
    for place, field in enumerate(fields):
        places.setdefault(field.name, []).append(place)
    return places


def _field(line: bytes) -> Field:
    match = _NAME.match(line)
    if match is None:
        return Field(b"", b"", line)
    return Field(match[1].lower(), line[: match.end() - 1], line[match.end() :])


def _raw_findings(block: bytes) -> list[str]:
    rest = block.replace(b"\r\n", b"")
    marks = ((b"\0", "header-nul"), (b"\r", "header-bare-cr"), (b"\n", "header-bare-lf"))
    return [word for mark, word in marks if mark in rest]


def _shape_findings(fields: tuple[Field, ...], places: dict[bytes, list[int]]) -> list[str]:
    findings = []
    if any(fields[place].label.endswith((b" ", b"\t")) for place in places.get(b"from", ())):
        findings.append("from-name-spaced")
    strange = places.get(b"", ())
    if strange:
        findings.append("header-line-malformed")
    if any(_is_like_from(fields[place].value) for place in strange):
        findings.append("from-folded-name")
    # A line that begins with VT, NBSP or the like: others take it for more of the field above it.
    if any(place and fields[place - 1].name == b"from" for place in strange):
        findings.append("from-goes-astray")
    return findings


def _is_like_from(line: bytes) -> bool:
    name, colon, _ = line[:200].partition(b":")
    return bool(colon) and name.translate(None, _INVISIBLE).lower() == b"from"


def _count_findings(places: dict[bytes, list[int]]) -> list[str]:
    several = {name for name, found in places.items() if len(found) > 1}
    findings = [f"{name.decode()}-duplicated" for name in ONCE if name in several]
    if b"from" not in places:
        findings.insert(0, "from-missing")
    if LIST_MARKS & places.keys():
        findings.append("list-mark")
    return findings
