"""Content-Type and Content-Disposition with their parameters (RFC 2045 section 5.1, RFC 2231), in every disorder."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape
from itertools import groupby
from urllib.parse import unquote_to_bytes

from gateway.mail.charsets import decode
from gateway.mail.fields import octets, visible
from gateway.mail.words import decode_words

PARAMETERS_LIMIT = 200
"""Parameters of one field that are read."""
_KEPT = 100
"""Characters of a field whose reading is remembered: "text/plain; charset=utf-8" comes with every other mail."""
VALUE_LIMIT = 4000
"""Characters of one parameter, or one piece of it, that are read."""

_PLAIN, _WHOLE = -1, -2
"""In place of a piece's number: name=value, and name*=value."""

_PARAMETER = re.compile(r';?\s*([^\s=;"<>()\[\]]{1,200})\s*=\s*("(?:[^"\\]|\\.)*"?|[^;"]*)')
_TOKEN = re.compile(r"\s*([A-Za-z0-9!#$&^_.+-]+)(?:\s*/\s*([A-Za-z0-9!#$&^_.+-]+))?")
_COMMENT = re.compile(r"\([^()]*\)")
_PIECE = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?$")
_PERCENT = re.compile(r"%[C-Fc-f][0-9A-Fa-f]%[89ABab][0-9A-Fa-f]")
_ENTITY = re.compile(r"&#[1-9]\d{2,5};")
_ESCAPE = re.compile(r'\\(["\\])')


@dataclass(frozen=True, slots=True)
class Parameters:
    """A value such as text/plain in lower case, and its parameters decoded, names in lower case."""

    value: str
    given: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        return self.given.get(name, "")


def parameters(text: str, *, may_guess: bool = True) -> Parameters:
    """Linear; never raises. Continuations (name*0*=) are put in their order, percent and RFC 2047 forms decoded."""
    return _kept(text, may_guess) if len(text) <= _KEPT else _read(text, may_guess)


@lru_cache(256)
def _kept(text: str, may_guess: bool) -> Parameters:
    return _read(text, may_guess)


def _read(text: str, may_guess: bool) -> Parameters:
    head, _, tail = text[:32768].partition(";")
    value, rest = _split(visible(head))
    tail = f"{rest};{tail}" if "=" in rest else tail
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    for count, found in enumerate(_PARAMETER.finditer(tail)):
        if count >= PARAMETERS_LIMIT:
            break
        piece = _PIECE.match(found[1].lower())
        if piece is None:
            continue
        number = int(piece[2]) if piece[2] else _WHOLE if piece[3] else _PLAIN
        pieces.setdefault(piece[1], {}).setdefault(number, (bool(piece[3]), _unquoted(found[2])[:VALUE_LIMIT]))
    given = {name: _value(found, may_guess) for name, found in pieces.items()}
    names = {name: _plain_name(given[name]) for name in ("name", "filename") if name in given}
    return Parameters(value, given | names)


def _split(head: str) -> tuple[str, str]:
    """The value, and what stands behind it though there is no semicolon."""
    if "(" in head:
        head = _COMMENT.sub("", head)
    found = _TOKEN.match(head)
    if found is None or head[found.end() :].lstrip().startswith("="):
        return ("", head) if "=" in head and "/" not in head else ("".join(head.split()).lower(), "")
    return f"{found[1]}/{found[2]}".lower() if found[2] else found[1].lower(), head[found.end() :]


def _unquoted(value: str) -> str:
    value = value.strip()
    if value.startswith('"'):
        return _ESCAPE.sub(r"\1", value[1:].removesuffix('"') if len(value) > 1 else "")
    return value


def _value(pieces: dict[int, tuple[bool, str]], may_guess: bool) -> str:
    """One parameter of its pieces: the extended forms win over the plain one beside them."""
    numbered = sorted(number for number in pieces if number >= 0)
    if _WHOLE in pieces:
        return _extended([pieces[_WHOLE]], may_guess)
    if not numbered:
        return _legacy(pieces[_PLAIN][1], may_guess)
    chosen = [pieces[number] for number in numbered]
    if any(is_extended for is_extended, _ in chosen):
        return _extended(chosen, may_guess)
    return _legacy("".join(text for _, text in chosen), may_guess)


def _extended(pieces: list[tuple[bool, str]], may_guess: bool) -> str:
    charset, raw = "", b""
    # Some cut an octet ("%B" and "0") between two pieces, so neighbours are joined before they are read.
    for is_extended, group in groupby(pieces, key=lambda piece: piece[0]):
        text = "".join(each for _, each in group)
        if is_extended and not raw and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        raw += unquote_to_bytes(octets(text)) if is_extended else octets(text)
    if "=?" in (words := raw.decode("ascii", "ignore")) and raw.isascii():
        return decode_words(words, may_guess=may_guess)
    return decode(raw, charset, may_guess=may_guess)[0]


def _legacy(text: str, may_guess: bool) -> str:
    if "=?" in text:
        return decode_words(text, may_guess=may_guess)
    if text.isascii() and "\x1b" not in text:
        return text
    return decode(octets(text), may_guess=may_guess)[0]


def _plain_name(text: str) -> str:
    """Some mailers percent-encode without saying so (RFC 2231 would: name*=), or send what a web form gave them
    ("&#54620;"); only what is UTF-8 then, and no ASCII."""
    text = _ENTITY.sub(lambda found: unescape(found[0]), text)
    if not _PERCENT.search(text):
        return text
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return text
