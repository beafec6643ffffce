"""The parts of a message (RFC 2045, RFC 2046), as places in its octets: nothing is copied or decoded here.

Delimiter lines are found by `bytes.find`, outer ones before inner ones, under limits on parts, depth, delimiter-like
lines and octets looked at, so that 25 MB of boundaries cost no more than 25 MB of text. Lost or wrong boundaries are
guessed from the first line that looks like one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.mail.charsets import GUESSES_LIMIT
from gateway.mail.fields import HEADER_LIMIT, Header, read_header
from gateway.mail.parameters import Parameters, parameters

PARTS_LIMIT = 500
DEPTH_LIMIT = 120
DELIMITERS_LIMIT = 20_000
"""Lines of one message that begin like a delimiter and are looked at."""

PART_HEADER_LIMIT = 16 * 1024
"""Octets of the header of one part; sixteen may have so many."""
LEAST_HEADER = 1024
"""Octets of a header that are read in any case."""

_GUESS = re.compile(rb"(?:^|\n)--([^\r\n]{1,200}?)[ \t]*\r?\n(?=[Cc]ontent-[A-Za-z-]+[ \t]*:)")
_MEANT = {"html": "text/html", "<html>": "text/html", "html/text": "text/html", "plain/text": "text/plain"}
"""Types that some programs write -> what they mean."""
_TEXT = Parameters("text/plain")


@dataclass(slots=True)
class Part:
    """One entity: its header, its type, and where its body lies in the octets of the message."""

    header: Header
    type: Parameters
    disposition: Parameters
    start: int
    end: int
    children: list["Part"] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """The media type, e.g. "text/plain"."""
        return self.type.value

    @property
    def is_multipart(self) -> bool:
        return bool(self.children)

    def walk(self) -> Iterator["Part"]:
        """This part and all below it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(slots=True)
class _Budget:
    """What reading one message may still cost."""

    octets: int
    parts: int = PARTS_LIMIT
    delimiters: int = DELIMITERS_LIMIT
    headers: int = 16 * PART_HEADER_LIMIT
    findings: list[str] = field(default_factory=list)


def structure(raw: bytes) -> tuple[Part, tuple[str, ...]]:
    """The root part of a message and what was odd about it. Never raises; linear in len(raw)."""
    start = _skip_blank_lines(raw)
    budget = _Budget(4 * len(raw) + (1 << 22))
    root = _read(raw, start, len(raw), _TEXT, 0, budget)
    return root, tuple(dict.fromkeys(budget.findings))


def _skip_blank_lines(raw: bytes) -> int:
    """A byte order mark and blank lines, which may hold blanks, stand before the first field of some mails."""
    start = 3 if raw.startswith(b"\xef\xbb\xbf") else 0
    head = raw[start : start + 1000]
    blank = len(head) - len(head.lstrip())
    return start + max(head.rfind(b"\n", 0, blank), head.rfind(b"\r", 0, blank)) + 1


def _read(raw: bytes, start: int, end: int, default: Parameters, depth: int, budget: _Budget) -> Part:
    limit = HEADER_LIMIT if depth == 0 else max(LEAST_HEADER, min(PART_HEADER_LIMIT, budget.headers))
    header = read_header(raw, start, end, limit)
    budget.findings += header.findings
    budget.octets -= header.body - start
    budget.headers -= min(header.body - start, limit) if depth else 0
    may_guess = PARTS_LIMIT - budget.parts <= GUESSES_LIMIT
    kind = parameters(header.get("content-type"), may_guess=may_guess)
    if kind.value in _MEANT:
        kind = Parameters(_MEANT[kind.value], kind.given)
    if kind.value in ("", "text") or "/" not in kind.value:
        kind = Parameters(_without_slash(kind, default), kind.given)
    part = Part(header, kind, parameters(header.get("content-disposition"), may_guess=may_guess), header.body, end)
    if kind.value.startswith("multipart/"):
        _open(raw, part, depth, budget)
    return part


def _without_slash(kind: Parameters, default: Parameters) -> str:
    """What a type means that is none (RFC 2045 section 5.2): text, unless it names a file."""
    if "multipart" in kind.value:
        return "multipart/mixed"
    return "application/octet-stream" if kind.value not in ("", "text") and kind.get("name") else default.value


def _open(raw: bytes, part: Part, depth: int, budget: _Budget) -> None:
    if depth >= DEPTH_LIMIT:
        budget.findings.append("nesting-too-deep")
        return
    places = _places(raw, part, budget)
    if not places:
        budget.findings.append("boundary-missing")
        return
    child_default = Parameters("message/rfc822") if part.kind == "multipart/digest" else _TEXT
    for start, end in places:
        if budget.parts <= 0:
            budget.findings.append("too-many-parts")
            return
        budget.parts -= 1
        part.children.append(_read(raw, start, end, child_default, depth + 1, budget))


def _places(raw: bytes, part: Part, budget: _Budget) -> list[tuple[int, int]]:
    """Where the children lie; [] when no delimiter is found."""
    boundary = part.type.get("boundary").encode("utf-8", "surrogateescape")
    places = _split(raw, part, boundary.strip(b" \t"), budget) if boundary.strip() else []
    if places or (boundary.strip() and part.end - part.start < 8):
        return places
    guess = _GUESS.search(raw, max(part.start - 1, 0), min(part.end, part.start + 100_000))
    if guess is None:
        return []
    budget.findings.append("boundary-guessed")
    return _split(raw, part, guess[1], budget)


def _split(raw: bytes, part: Part, boundary: bytes, budget: _Budget) -> list[tuple[int, int]]:
    mark, places = b"--" + boundary, []
    opened, closed, position, end = -1, False, part.start, part.end
    if budget.octets < end - position:
        budget.findings.append("nesting-too-deep")
        return []
    budget.octets -= end - position
    while (found := raw.find(mark, position, end)) >= 0:
        position = found + len(mark)
        budget.delimiters -= 1
        if budget.delimiters < 0:
            budget.findings.append("too-many-delimiters")
            break
        line = _delimiter(raw, found, position, part.start, end)
        if line is None:
            continue
        is_last, position = line
        if opened >= 0:
            places.append((opened, max(opened, _before(raw, found))))
        opened, closed = (-1, True) if is_last else (position, False)
        if len(places) >= PARTS_LIMIT:
            budget.findings.append("too-many-parts")
            return places
    if opened >= 0:
        # Some close it in the middle of a line: nobody writes such a thing as the last words of a text.
        last = raw.rfind(mark + b"--", max(opened, end - 1000), end)
        is_end = last >= 0 and not raw[last + len(mark) + 2 : end].strip()
        places.append((opened, last if is_end else end))
        if not closed:
            budget.findings.append("boundary-unclosed")
    return places


def _delimiter(raw: bytes, found: int, after: int, start: int, end: int) -> tuple[bool, int] | None:
    """Whether it is the closing one, and where the next line begins; None when the line is no delimiter after all."""
    if found > start and raw[found - 1] not in b"\r\n":
        return None
    is_last = raw[after : after + 2] == b"--"
    tail = raw[after + 2 * is_last : after + 2 * is_last + 200]
    rest = tail.lstrip(b" \t")
    if rest[:1] not in (b"", b"\r", b"\n") and not is_last:
        return None
    line = raw.find(b"\n", after, end)
    if rest[:1] == b"\r" and rest[:2] != b"\r\n":
        line = raw.find(b"\r", after, end)
    return is_last, end if line < 0 else line + 1


def _before(raw: bytes, found: int) -> int:
    """The line end in front of a delimiter belongs to it (RFC 2046 section 5.1.1)."""
    if raw[found - 2 : found] == b"\r\n":
        return found - 2
    return found - 1
