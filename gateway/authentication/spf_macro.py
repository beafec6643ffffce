"""The macros of SPF records (RFC 7208 section 7): read once, then expanded with the facts of a check."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from gateway.authentication.names import MAX_NAME

LETTERS = frozenset("slodiphv")
"""Allowed in every macro-string; c, r and t in explanations only (section 7.2)."""
LETTERS_OF_EXPLANATIONS = LETTERS | frozenset("crt")
Values = Mapping[str, str]
"""What each letter stands for in this check."""

_PART = re.compile(r"%\{([a-z])([0-9]*)(r?)([.\-+,/_=]*)\}|%([%_\-])|[\x20-\x24\x26-\x7e]+", re.IGNORECASE | re.ASCII)
_ESCAPES = {"%": "%", "_": " ", "-": "%20"}


class Malformed(ValueError):
    """What is wrong with a record, in words fit for a reason."""


@dataclass(frozen=True, slots=True)
class Macro:
    """One %{...}: a value, cut into parts, of which some are kept."""

    letter: str
    """In lower case."""
    is_escaped: bool
    """True for an upper-case letter: the value is written as in a URL."""
    count: int
    """So many parts from the right are kept; 0 keeps all."""
    is_reversed: bool
    delimiters: str

    def expand(self, values: Values) -> str:
        text, first = values[self.letter], self.delimiters[0]
        for delimiter in self.delimiters[1:]:
            text = text.replace(delimiter, first)
        parts = text.split(first)
        if self.is_reversed:
            parts.reverse()
        text = ".".join(parts[-self.count :])
        return quote(text, safe="", errors="replace") if self.is_escaped else text


@dataclass(frozen=True, slots=True)
class MacroString:
    """Literal text and macros in their order."""

    parts: tuple[str | Macro, ...]
    letters: frozenset[str]
    """Those of its macros."""
    tail: str
    """The literal text behind the last macro; "" when it ends in one."""

    def name(self, values: Values) -> str:
        """As a domain name: without final dot, labels cut off on the left until it has 253 octets (section 7.3)."""
        name = self.words(values).removesuffix(".")
        return name if len(name) <= MAX_NAME else name[-MAX_NAME - 1 :].partition(".")[2]

    def words(self, values: Values) -> str:
        """As text for people."""
        return "".join(part if isinstance(part, str) else part.expand(values) for part in self.parts)


def read(text: str, letters: frozenset[str] = LETTERS) -> MacroString:
    """Read a macro-string, in which blanks may stand too (explain-string). Raises Malformed."""
    parts, end, tail = [], 0, ""
    for match in _PART.finditer(text):
        if match.start() != end:
            break
        parts.append(_part(match, letters))
        end, tail = match.end(), "" if match[0].startswith("%") else match[0]
    if end != len(text):
        raise Malformed(f"{text[end : end + 40]!r} is no macro")
    return MacroString(tuple(parts), frozenset(part.letter for part in parts if isinstance(part, Macro)), tail)


def _part(match: re.Match[str], letters: frozenset[str]) -> str | Macro:
    letter, digits, reverse, delimiters, escape = match.groups()
    if escape:
        return _ESCAPES[escape]
    if letter is None:
        return match[0]
    if letter.lower() not in letters:
        raise Malformed(f"the macro {match[0][:20]!r} is not allowed here")
    count = digits.lstrip("0")
    if digits and not count:
        raise Malformed(f"the macro {match[0][:20]!r} asks for no parts")
    # No value has more than a few hundred parts.
    return Macro(letter.lower(), letter.isupper(), int(count[:4] or 0), bool(reverse), delimiters or ".")
