"""Who wrote this mail, by From: (RFC 5322 section 3.4, RFC 6532, RFC 6854)? One domain, or why not; never "the first".

A strict grammar of our own: where two mail programs could read two authors, there is none. Comments, quoted strings,
groups and dots in names are read; routes, white space inside an address and anything left over are not.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.authentication.fields import Header
from gateway.authentication.names import to_ascii

MAX_FROM = 16_384
MAX_MAILBOXES = 100

_TOKEN = re.compile(
    r'(?P<space>[ \t]+)|(?P<atom>[^\x00-\x20\x7f()<>\[\]:;@\\,."]+)'
    r'|(?P<quoted>"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[^\x00-\x08\x0a-\x1f\x7f])*")'
    r"|(?P<literal>\[[^\[\]\\\x00-\x20\x7f]*\])|(?P<special>[<>:;@,.])"
)  # fmt: skip
_ADDRESS_IN_NAME = re.compile(r"[^\s@<>\"]+@[^\s@<>\"]+\.[^\s@<>\"]+")


class _Broken(ValueError):
    """Why From names no author."""


@dataclass(frozen=True, slots=True)
class Author:
    """address and domain (A-labels) are "" when there is no single domain; trouble then says why."""

    address: str = ""
    domain: str = ""
    trouble: str = ""
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ours:
    """What a stranger's display name must not claim: our domains (A-labels), and the names we and our agents bear."""

    domains: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


NOTHING_OF_OURS = Ours()


@dataclass(frozen=True, slots=True)
class Mailbox:
    name: str
    local: str
    domain: str


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    """atom, quoted, literal, or a special character itself; "" at the end."""
    text: str
    spaced: bool
    """White space or a comment stands in front."""


def read(header: Header, ours: Ours = NOTHING_OF_OURS) -> Author:
    """The author of a mail. Never raises; linear in the length of From."""
    fields = header.named(b"from")
    if not fields:
        return Author(trouble="The mail has no From field.")
    if len(fields) > 1:
        return Author(trouble="The mail has more than one From field.", findings=_several_findings(header))
    return read_value(fields[0].value)


def read_value(value: bytes) -> Author:
    """The author by one From field's value, folding and all."""
    try:
        mailboxes = mailbox_list(value)
    except _Broken as broken:
        return Author(trouble=f"The From field cannot be read: {broken}.", findings=("from-malformed",))
    domains = {to_ascii(mailbox.domain) for mailbox in mailboxes}
    if len(domains) > 1:
        return Author(trouble="The From field names authors of several domains.", findings=("from-several-domains",))
    domain = domains.pop()
    if not domain:
        return Author(trouble="The author's address has no domain name.", findings=("from-malformed",))
    findings = [finding for mailbox in mailboxes for finding in _name_findings(mailbox, domain)]
    if len(mailboxes) > 1:
        findings.append("from-several-authors")
    address = f"{mailboxes[0].local}@{domain}"
    if not address.isprintable():
        return Author(trouble="The author's address holds what cannot be shown.", findings=("from-malformed",))
    return Author(address, domain, "", tuple(dict.fromkeys(findings)))


def mailbox_list(value: bytes) -> list[Mailbox]:
    """Every mailbox of From, groups opened. Raises ValueError with the reason."""
    if len(value) > MAX_FROM:
        raise _Broken("it is too long")
    text = re.sub(rb"\r\n(?=[ \t])", b"", value).decode("utf-8", "surrogateescape")
    found = list(_Reader(list(_tokens(text))).mailboxes())
    if not found:
        raise _Broken("it names nobody")
    return found


def _several_findings(header: Header) -> tuple[str, ...]:
    domains = {read_value(field.value).domain for field in header.named(b"from")[:10]}
    return ("from-several-domains",) if len(domains - {""}) > 1 else ()


def _tokens(text: str) -> Iterator[_Token]:
    place, spaced = 0, False
    while place < len(text):
        if text[place] == "(":
            place, spaced = _after_comment(text, place), True
            continue
        match = _TOKEN.match(text, place)
        if match is None:
            raise _Broken(f"{text[place].encode('ascii', 'backslashreplace').decode()} may not stand there")
        place, kind = match.end(), str(match.lastgroup)
        if kind != "space":
            yield _Token(match[0] if kind == "special" else kind, match[0], spaced)
        spaced = kind == "space"
    yield _Token("", "", spaced)


def _after_comment(text: str, place: int) -> int:
    depth = 0
    while place < len(text):
        letter = text[place]
        if letter == "\\":
            place += 1
        elif letter == "\0":
            raise _Broken("it holds a NUL")
        elif letter in "()":
            depth += 1 if letter == "(" else -1
            if depth == 0:
                return place + 1
        place += 1
    raise _Broken("a comment does not end")


class _Reader:
    """Reads an address-list from tokens, left to right, without going back."""

    def __init__(self, tokens: list[_Token]):
        self._tokens, self._place = tokens, 0

    def mailboxes(self) -> Iterator[Mailbox]:
        count = 0
        in_group = False
        while self._kind:
            if self._kind == ",":
                self._take()
                continue
            if in_group and self._kind == ";":
                self._take()
                in_group = False
                self._expect_end_of_item(("", ","))
                continue
            mailbox = self._item(in_group)
            if mailbox is None:
                in_group = True
                continue
            count += 1
            if count > MAX_MAILBOXES:
                raise _Broken("it names too many authors")
            yield mailbox
            self._expect_end_of_item((",", ";") if in_group else ("", ","))
        if in_group:
            raise _Broken("a group does not end")

    @property
    def _kind(self) -> str:
        return self._tokens[self._place].kind

    def _take(self) -> _Token:
        token = self._tokens[self._place]
        self._place += 1
        return token

    def _expect_end_of_item(self, kinds: tuple[str, ...]) -> None:
        if self._kind not in kinds:
            raise _Broken("something stands behind an address")

    def _item(self, in_group: bool) -> Mailbox | None:
        """A mailbox, or None when a group begins here."""
        words = []
        while self._kind in ("atom", "quoted", "."):
            words.append(self._take())
        if self._kind == "<":
            return self._in_brackets(_phrase(words))
        if self._kind == ":" and words and not in_group:
            self._take()
            _phrase(words)
            return None
        return self._address("", words)

    def _in_brackets(self, name: str) -> Mailbox:
        self._take()
        words = []
        while self._kind in ("atom", "quoted", "."):
            words.append(self._take())
        mailbox = self._address(name, words)
        if self._kind != ">":
            raise _Broken("an address does not end with >")
        self._take()
        return mailbox

    def _address(self, name: str, words: list[_Token]) -> Mailbox:
        local = _local_part(words)
        if self._kind != "@":
            raise _Broken("an address has no @")
        self._take()
        parts: list[_Token] = []
        while self._kind in ("atom", "literal", "."):
            if parts and self._tokens[self._place].spaced:
                raise _Broken("white space stands inside an address")
            parts.append(self._take())
        return Mailbox(name, local, _domain(parts))


def _phrase(words: list[_Token]) -> str:
    # A dot may stand in a name (RFC 5322's obs-phrase), but not begin it.
    if words and words[0].kind == ".":
        raise _Broken("a name begins with a dot")
    shown = [(" " if word.spaced and place else "") + _unquoted(word) for place, word in enumerate(words)]
    return "".join(shown)


def _unquoted(word: _Token) -> str:
    return re.sub(r"\\(.)", r"\1", word.text[1:-1]) if word.kind == "quoted" else word.text


def _local_part(words: list[_Token]) -> str:
    if not words:
        raise _Broken("an address has nothing before its @")
    if any(word.spaced for word in words[1:]):
        raise _Broken("white space stands inside an address")
    if len(words) == 1 and words[0].kind == "quoted":
        return words[0].text
    _check_dotted([word.kind for word in words])
    return "".join(word.text for word in words)


def _domain(parts: list[_Token]) -> str:
    if len(parts) == 1 and parts[0].kind == "literal":
        return parts[0].text
    _check_dotted([part.kind for part in parts])
    return "".join(part.text for part in parts)


def _check_dotted(kinds: list[str]) -> None:
    """Atoms with single dots between them."""
    if not kinds or kinds[::2] != ["atom"] * len(kinds[::2]) or kinds[1::2] != ["."] * len(kinds[1::2]):
        raise _Broken("an address is malformed")
    if kinds[-1] == ".":
        raise _Broken("an address is malformed")


def _name_findings(mailbox: Mailbox, domain: str) -> Iterator[str]:
    for address in _ADDRESS_IN_NAME.findall(mailbox.name[:1000]):
        if to_ascii(address.rpartition("@")[2].strip(".,;:)'")) != domain:
            yield "display-name-address"
    if len(_scripts(mailbox.name[:1000])) > 1:
        yield "display-name-mixed-scripts"


def _scripts(name: str) -> set[str]:
    """Of the alphabets that look alike, those that one word of the name mixes."""
    for word in name.split():
        found = {unicodedata.name(letter, "").partition(" ")[0] for letter in word if letter.isalpha()}
        if len(alike := found & {"LATIN", "CYRILLIC", "GREEK"}) > 1:
            return alike
    return set()
