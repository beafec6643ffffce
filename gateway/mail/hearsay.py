"""What other servers say they found: Authentication-Results (RFC 8601), read with distrust.

read() takes the text of such a field, or of ARC's copy of it (RFC 8617 section 4.1.1), and believes all of it or
nothing. strip() takes out of a mail whatever pretends to be ours (section 5). Both are linear in what they read.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from gateway.mail.addresses import address_key

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
_JUNK = rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xff]*"
_BETWEEN = rb"(?:[\x00-\x09\x0b\x0c\x0e-\x20\x7f-\xff]|\r\n[ \t])*"
_LETTERS = [re.escape(bytes([letter])) for letter in b"authentication-results:"]
_UNSEEN = re.compile("[\u00ad\u034f\u1806\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
_FIELD = re.compile(rb"[\r\n]" + _JUNK + _BETWEEN.join(_LETTERS), re.IGNORECASE)
"""The name behind a line end, whatever stands in it that is no letter."""


def strip(raw: bytes, authserv_id: str) -> bytes:
    """The message without any Authentication-Results field that bears our authserv-id (section 5).

    However it is disguised; a field whose id cannot be read goes too. All other octets stay.
    """
    end = raw.find(b"\r\n\r\n")
    size = len(raw) if end < 0 else end + 2
    header, ours = b"\n" + raw[:size], _our_name(authserv_id)
    kept, place, search = [], 0, 0
    while found := _FIELD.search(header, search):
        line_end = _LINE_END.search(header, found.end())
        stop = line_end.end() if line_end else len(header)
        if _is_ours(header[found.end() : stop][:MAX_TEXT], ours):
            kept.append(header[place : found.start() + 1])
            place = stop
        search = stop - 1
    return b"".join([*kept, header[place:]])[1:] + raw[size:] if kept else raw


def _is_ours(value: bytes, ours: str) -> bool:
    try:
        head = next(_clauses(value.decode("utf-8", "replace")))
    except _Unreadable:
        return True
    words = _plain(head).split()
    # Some join what stands around a comment, others stop before it.
    return not words or ours in (_folded(words[0]), _folded("".join(words)))


@lru_cache(8)
def _our_name(authserv_id: str) -> str:
    return _folded(authserv_id)


def _folded(name: str) -> str:
    """A host's name as it is compared: lower-case A-labels (RFC 5890) without the final dot.

    Other forms of its letters and dots are undone and unseen ones left out: somebody may read our name into it.
    """
    plain = _UNSEEN.sub("", unicodedata.normalize("NFKC", name[:1000])).replace("\u3002", ".")
    return address_key(plain.rstrip("."))
