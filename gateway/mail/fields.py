"""The header block: fields cut out and unfolded (RFC 5322 section 2.2), ids read from them.

Field values are text in which every octet survives: UTF-8 is shown as such and any other octet as a lone surrogate
(`surrogateescape`), so that `octets(value)` gives back what came over the wire.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

HEADER_LIMIT = 256 * 1024
"""Octets of one header block that are read."""
FIELD_LIMIT = 64 * 1024
"""Octets of one field that are read."""
FIELDS_LIMIT = 5000
"""Fields of one header block that are read."""

Fields = tuple[tuple[str, str], ...]

_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:(.*)", re.DOTALL)
_BLANK_IN_NAME = re.compile(rb"[Xx]-[!-9;-~]{1,60}[ \t][^:]{1,60}:")
_KNOWN = re.compile(
    rb"(?im)^(from|to|cc|subject|date|message-id|mime-version|content-type|content-transfer-encoding|received|"
    rb"return-path|reply-to|sender|dkim-signature|content-disposition|content-id|x-[a-z0-9-]{1,60})[ \t]*:"
)
_BLANKS = (b" ", b"\t")
_FOLD = re.compile(r"(?:\r\n|\r|\n)[ \t]*")
_ID = re.compile(r"<\s*([^<>\s][^<>]{0,990})>")
_BARE_ID = re.compile(r"[^\s<>,;()\"]{1,500}@[^\s<>,;()\"]{1,490}")


@dataclass(frozen=True)
class Header:
    """One header block: its fields, where the body begins, and what was odd."""

    fields: Fields
    body: int
    findings: tuple[str, ...] = ()

    def get(self, name: str, default: str = "") -> str:
        """The first field of that name (lower case), or the default."""
        return self.values[name][0] if name in self.values else default

    def all(self, name: str) -> Sequence[str]:
        return self.values.get(name, ())

    @cached_property
    def values(self) -> Mapping[str, Sequence[str]]:
        """The values of each name (lower case) in their order."""
        values: dict[str, list[str]] = {}
        for name, value in self.fields:
            values.setdefault(name.lower(), []).append(value)
        return values


def octets(value: str) -> bytes:
    """The octets that a field value was made of."""
    return value.encode("utf-8", "surrogateescape")


def visible(value: str) -> str:
    """The value with U+FFFD where octets are no UTF-8: what may be stored and shown."""
    return value if value.isascii() else octets(value).decode("utf-8", "replace")


def read_header(raw: bytes, start: int, end: int, limit: int = HEADER_LIMIT) -> Header:
    """The header block that begins at `start`. Linear; never reads past the limit, but finds the body behind it."""
    line_end = _line_end(raw, start, end)
    if not raw[start : min(line_end, start + 300)].strip():
        return Header((), _after(raw, line_end, end))
    body, after = _blank_line(raw, start, end)
    findings = []
    block = raw[start : min(body, start + limit)]
    if body - start > limit:
        findings.append("header-block-too-large")
    lines = _lines(block)
    fields, used, broken = _fields(lines, block)
    findings += broken
    if used is not None:
        return Header(fields, start + used, tuple(findings))
    return Header(fields, after, tuple(findings))


def _line_end(raw: bytes, start: int, end: int) -> int:
    places = [
        place
        for place in (raw.find(b"\n", start, end), raw.find(b"\r", start, min(end, start + HEADER_LIMIT)))
        if place >= 0
    ]
    return min(places, default=end)


def _after(raw: bytes, place: int, end: int) -> int:
    if raw[place : place + 2] == b"\r\n":
        return min(place + 2, end)
    return min(place + 1, end)


def _blank_line(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the block ends and where the body begins."""
    found: list[tuple[int, int]] = []
    for mark in (b"\n\r\n", b"\n\n", b"\r\r\n"):
        place = raw.find(mark, start, min(end, found[0][0] + 3) if found else end)
        if place >= 0:
            found.insert(0, (place + 1, place + len(mark)))
    if not found and raw.find(b"\n", start, end) < 0:
        place = raw.find(b"\r\r", start, end)
        if place >= 0:
            found.append((place + 1, place + 2))
    return min(found, default=(end, end))


def _lines(block: bytes) -> list[bytes]:
    return block.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")


def _fields(lines: list[bytes], block: bytes) -> tuple[Fields, int | None, list[str]]:
    """The fields; the offset of the body when it begins without an empty line before it; findings."""
    fields: list[tuple[str, list[bytes]]] = []
    findings: list[str] = []
    for number, line in enumerate(lines):
        if line[:1] in _BLANKS and fields:
            fields[-1][1].append(line)
            continue
        found = _FIELD.match(line if fields else line.lstrip())
        if found:
            if len(fields) >= FIELDS_LIMIT:
                findings.append("too-many-fields")
                break
            name, value = found.groups()
            fields.append((name.decode("ascii"), [value]))
        elif line.strip() and not (number == 0 and line.startswith((b"From ", b">From "))):
            findings.append("header-line-broken")
            # Blanks in the line that should be empty, or the first delimiter at once: the body has begun. Programs
            # that pass a mail on write "---- Original message ----" in front of its fields.
            is_delimiter = line.startswith(b"--") and (number > 0 or b" " not in line.strip())
            has_ended = is_delimiter or (number > 0 and not lines[number - 1].strip())
            if not has_ended and _BLANK_IN_NAME.match(line):
                continue
            if has_ended or not _KNOWN.search(b"\n".join(lines[number + 1 : number + 60])):
                return _finish(fields, findings), _offset(block, number), findings
    return _finish(fields, findings), None, sorted(set(findings))


def _offset(block: bytes, number: int) -> int:
    offset = 0
    for _ in range(number):
        offset = _after(block, _line_end(block, offset, len(block)), len(block))
    return offset


def _finish(fields: list[tuple[str, list[bytes]]], findings: list[str]) -> Fields:
    done = []
    for name, lines in fields:
        value = b"\n".join(lines)
        if len(value) > FIELD_LIMIT:
            findings.append("field-too-large")
        done.append((name, unfold(value[:FIELD_LIMIT].decode("utf-8", "surrogateescape"))))
    return tuple(done)


def unfold(value: str) -> str:
    """One line: each fold becomes one blank (RFC 5322 section 2.2.3), NULs go."""
    if "\n" in value or "\r" in value:
        value = _FOLD.sub(" ", value)
    return value.replace("\x00", "").strip(" \t")


def message_ids(value: str, limit: int = 200) -> tuple[str, ...]:
    """Ids in angle brackets, without blanks inside, in order, once each; bare ones are given brackets; "<>" is no"""
    """id."""
    if not value:
        return ()
    value = visible(value[:FIELD_LIMIT])
    if value.count("<") > 4 * limit:
        value = value[:20000]
    found = [re.sub(r"\s+", "", each) for each in _ID.findall(value)]
    if not found:
        found = _BARE_ID.findall(value[:4000]) or (
            [value.strip()]
            if value.strip() not in ("", "<>") and len(value) < 500 and not re.search(r"[\s<>]", value.strip())
            else []
        )
    return tuple(f"<{each}>" for each in dict.fromkeys(found) if each)[:limit]
