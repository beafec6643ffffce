"""What other servers say they found: Authentication-Results (RFC 8601), read with distrust.

read() takes the text of such a field, or of ARC's copy of it (RFC 8617 section 4.1.1), and believes all of it or
nothing. strip() takes out of a mail whatever pretends to be ours (section 5). Both are linear in what they read.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

MAX_TEXT = 4096
"""Characters of one field that are read; a longer one is not believed."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One method's result, as the server tells it."""

    method: str
    """In lower case, as dkim; with a version of its own, as dkim/2."""
    result: str
    reason: str = ""
    properties: tuple[tuple[str, str], ...] = ()
    """Such as ("header.from", "example.com"); names in lower case."""

    def values(self, name: str) -> list[str]:
        return [value for each, value in self.properties if each == name]


@dataclass(frozen=True, slots=True)
class Hearsay:
    authserv_id: str
    claims: tuple[Claim, ...] = ()


class _Unreadable(ValueError):
    pass


_QUOTED = r'"(?:[^"\\]|\\.)*"'
_RUN = r'[^\x00-\x20\x7f-\xa0";()\\]+'
_KEYWORD = r"[A-Za-z0-9][A-Za-z0-9_-]*"
_PIECE = re.compile(rf"(?:[ \t]|\((?:[^()\\]|\\.)*\))+|{_QUOTED}|{_RUN}|[;(]")
_COMMENT_EDGE = re.compile(r"\\.|[()]", re.DOTALL)
_HEAD = re.compile(rf" ?({_QUOTED}|[^ =\"]+)(?: 1)? ?\Z")
_METHOD = re.compile(rf" ?({_KEYWORD})(?: ?/ ?([0-9]+))? ?= ?({_KEYWORD})(?= |\Z)")
# A name without its type (action=none) and a bare value that is no token (header.b=a/b) are not in the grammar, but in
# the fields of the largest servers. Neither can end a clause.
_PROPERTY = re.compile(rf" ({_KEYWORD}(?: ?\. ?{_KEYWORD})?) ?= ?((?:{_QUOTED}(?:@{_RUN})?|{_RUN})?)(?= |\Z)")


def read(text: str) -> Hearsay | None:
    """Read what stands behind the colon (section 2.2); None when anything in it cannot be read. Never raises."""
    if len(text) > MAX_TEXT:
        return None
    try:
        head, *clauses = _clauses(text)
        found = _HEAD.match(head)
        if found is None or not clauses:
            return None
        if len(clauses) > 1 and not clauses[-1].strip(" "):
            clauses.pop()
        if len(clauses) == 1 and clauses[0].strip(" ").lower() == "none":
            return Hearsay(_plain(found[1]))
        return Hearsay(_plain(found[1]), tuple(map(_claim, clauses)))
    except _Unreadable:
        return None


def past_comments(text: str, place: int = 0) -> int:
    """The place of the first letter that is neither white space nor in a comment; len(text) when there is none."""
    while place < len(text):
        if text[place] == "(":
            try:
                place = _past_comment(text, place)
            except _Unreadable:
                return len(text)
        elif text[place] in " \t\r\n":
            place += 1
        else:
            break
    return place


def _clauses(text: str) -> Iterator[str]:
    """What stands between the semicolons: comments and white space are one blank each, quoted strings untouched."""
    text = re.sub(r"\r\n(?=[ \t])", "", text).rstrip("\r\n")
    clause: list[str] = []
    place = 0
    while place < len(text):
        match = _PIECE.match(text, place)
        if match is None:
            raise _Unreadable
        piece, place = match[0], match.end()
        if piece == "(":
            place = _past_comment(text, place - 1)
        if piece == ";":
            yield "".join(clause)
            clause = []
        elif piece[0] not in " \t(":
            clause.append(piece)
        elif not clause or clause[-1] != " ":
            clause.append(" ")
    yield "".join(clause)


def _past_comment(text: str, place: int) -> int:
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, place):
        if edge[0] == "(":
            depth += 1
        elif edge[0] == ")":
            depth -= 1
            if not depth:
                return edge.end()
    raise _Unreadable


def _claim(clause: str) -> Claim:
    clause = clause.rstrip(" ")
    found = _METHOD.match(clause)
    if found is None:
        raise _Unreadable
    properties, place = [], found.end()
    while place < len(clause):
        match = _PROPERTY.match(clause, place)
        if match is None:
            raise _Unreadable
        properties.append((match[1].replace(" ", "").lower(), _plain(match[2])))
        place = match.end()
    method = found[1].lower() if found[2] in (None, "1") else f"{found[1].lower()}/{found[2]}"
    reason = properties.pop(0)[1] if properties and properties[0][0] == "reason" else ""
    return Claim(method, found[3].lower(), reason, tuple(properties))


def _plain(value: str) -> str:
    return re.sub(_QUOTED, lambda quoted: re.sub(r"\\(.)", r"\1", quoted[0][1:-1]), value)


# ---- what pretends to be ours --------------------------------------------------------------------------------------

_LINE_END = re.compile(rb"\r\n(?![ \t])|\r(?![\n \t])|(?<!\r)\n(?![ \t])")
_NO_LETTERS = bytes([*range(0x21), *range(0x7F, 0x100)])
_NAME = b"authentication-results"


def strip(raw: bytes, authserv_id: str) -> bytes:
    """The message without any Authentication-Results field that bears our authserv-id (section 5).

    However it is disguised; a field whose id cannot be read goes too. All other octets stay.
    """
    end = raw.find(b"\r\n\r\n")
    header_size = len(raw) if end < 0 else end + 2
    if _NAME + b":" not in raw[:header_size].translate(None, _NO_LETTERS).lower():
        return raw
    ours = _folded(authserv_id)
    kept = [field for field in _fields(raw[:header_size]) if not _is_ours(field, ours)]
    return b"".join([*kept, raw[header_size:]])


def _fields(header: bytes) -> Iterator[bytes]:
    """Each field with its folding and line end."""
    start = 0
    for line_end in _LINE_END.finditer(header):
        yield header[start : line_end.end()]
        start = line_end.end()
    yield header[start:]


def _is_ours(field: bytes, ours: str) -> bool:
    name, colon, value = field.partition(b":")
    if not colon or name.translate(None, _NO_LETTERS).lower() != _NAME:
        return False
    try:
        head = next(_clauses(value[:MAX_TEXT].decode("utf-8", "replace")))
    except _Unreadable:
        return True
    words = _plain(head).split()
    # Some join what stands around a comment, others stop before it.
    return not words or ours in (_folded(words[0]), _folded("".join(words)))


def _folded(name: str) -> str:
    """A host's name as it is compared: lower-case A-labels without the final dot."""
    name = unicodedata.normalize("NFKC", name[:1000]).lower()
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
            return name
    return name.rstrip(".")
