"""Who wrote this mail, by From: (RFC 5322 section 3.4, RFC 6532, RFC 6854)? One domain, or why not; never "the first".

A strict grammar of our own: where two mail programs could read two authors, there is none. What programs really write
and all read alike is read: comments, groups, dots, commas and brackets in a name, the address itself as its own name.
Routes, white space inside an address, an open quotation and anything left over are not.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from gateway.authentication import display_name
from gateway.authentication.display_name import NOTHING_OF_OURS, Ours
from gateway.authentication.fields import Header
from gateway.authentication.names import to_ascii
from gateway.mail.addresses import addresses
from gateway.mail.fields import unfold

__all__ = ["NOTHING_OF_OURS", "Author", "Mailbox", "Ours", "mailbox_list", "read", "read_value"]

MAX_FROM = 16_384
MAX_MAILBOXES, MAX_COMMENTS = 100, 20

_TOKEN = re.compile(
    r'[ \t]*(?:(?P<atom>[^\x00-\x20\x7f()<>\[\]:;@\\,."]+)|(?P<special>[<>:;@,.\[\]])'
    r'|(?P<quoted>"[^"\\\x00-\x08\x0a-\x1f\x7f]*(?:\\[^\x00-\x08\x0a-\x1f\x7f][^"\\\x00-\x08\x0a-\x1f\x7f]*)*")'
    r"|(?P<comment>\()|(?P<end>\Z))"
)
_IN_COMMENT = re.compile(r"\\[^\x00\r\n]|[()\x00\r\n]")
_ENCODED_WORD = re.compile(r"=\?[^?]*\?[bBqQ]\?")
_WORDS, _UNQUOTED = ("atom", "quoted", "."), (",", "[", "]")


class _Broken(ValueError):
    """Why From names no author."""


@dataclass(frozen=True, slots=True)
class Author:
    """address and domain (A-labels) are "" when there is no single domain; trouble then says why."""

    address: str = ""
    domain: str = ""
    trouble: str = ""
    findings: tuple[str, ...] = ()


class Mailbox(NamedTuple):
    name: str
    """The display name without its quotes; encoded words as they came."""
    local: str
    domain: str


class _Token(NamedTuple):
    kind: str
    """atom, quoted, or a special character itself; "" at the end."""
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
    return read_value(fields[0].value, ours)


def read_value(value: bytes, ours: Ours = NOTHING_OF_OURS) -> Author:
    """The author by one From field's value, folding and all."""
    try:
        mailboxes, comments = mailbox_list(value)
    except _Broken as broken:
        return Author(trouble=f"The From field cannot be read: {broken}.", findings=("from-malformed",))
    domains = {to_ascii(mailbox.domain) for mailbox in mailboxes}
    if len(domains) > 1:
        return Author(trouble="The From field names authors of several domains.", findings=("from-several-domains",))
    domain = domains.pop()
    address = f"{mailboxes[0].local}@{domain}"
    if trouble := _trouble(address, domain, value):
        return Author(trouble=trouble, findings=("from-malformed",))
    return Author(address, domain, "", _findings(mailboxes, comments, domain, ours))


def _trouble(address: str, domain: str, value: bytes) -> str:
    """Why an address is no author's, although the grammar reads it."""
    if not domain:
        return "The author's address has no domain name."
    if not address.isprintable():
        return "The author's address holds what cannot be shown."
    if value.count(b"@") > 1 and _shown_domains(value) - {domain}:
        return "The From field can be read as of another author."
    return ""


def _shown_domains(value: bytes) -> set[str]:
    """The domains of those that people are shown as authors: they are read leniently, and must be no others."""
    shown = addresses(unfold(value.decode("utf-8", "surrogateescape")))
    return {to_ascii(each.email.rpartition("@")[2]) for each in shown if "@" in each.email} - {""}


def _findings(mailboxes: list[Mailbox], comments: list[str], domain: str, ours: Ours) -> tuple[str, ...]:
    """What is strange about the names; comments are shown as names too."""
    claims = [(mailbox.name, mailbox) for mailbox in mailboxes if mailbox.name]
    claims += [(comment, mailboxes[0]) for comment in comments]
    found = [
        each for text, whose in claims for each in display_name.findings(text, f"{whose.local}@{domain}", domain, ours)
    ]
    if display_name.is_like_ours(domain, ours):
        found.append("author-like-our-domain")
    if len(mailboxes) > 1:
        found.append("from-several-authors")
    return tuple(dict.fromkeys(found))


def mailbox_list(value: bytes) -> tuple[list[Mailbox], list[str]]:
    """Every mailbox of From, groups opened; and the comments. Raises ValueError with the reason."""
    if len(value) > MAX_FROM:
        raise _Broken("it is too long")
    text = re.sub(rb"\r\n(?=[ \t])", b"", value).decode("utf-8", "surrogateescape")
    tokens, comments = _tokens(text)
    mailboxes = list(_Reader(tokens).mailboxes())
    if not mailboxes:
        raise _Broken("it names nobody")
    return mailboxes, comments


def _several_findings(header: Header) -> tuple[str, ...]:
    domains = {read_value(field.value).domain for field in header.named(b"from")[:10]}
    return ("from-several-domains",) if len(domains - {""}) > 1 else ()


def _tokens(text: str) -> tuple[list[_Token], list[str]]:
    """The tokens, one of kind "" at the end; and the comments between them."""
    tokens: list[_Token] = []
    comments: list[str] = []
    place, spaced = 0, False
    while match := _TOKEN.match(text, place):
        kind = str(match.lastgroup)
        start, spaced = match.start(kind), spaced or match.start(kind) > place
        place = match.end()
        if kind == "comment":
            place, spaced = _after_comment(text, start), True
            comments.append(text[start + 1 : place - 1])
            if len(comments) > MAX_COMMENTS:
                raise _Broken("it holds too many comments")
            continue
        tokens.append(_Token("" if kind == "end" else match[kind] if kind == "special" else kind, match[kind], spaced))
        spaced = False
        if kind == "end":
            return tokens, comments
    letter = text[place:].lstrip(" \t")[0]
    raise _Broken(f"{letter.encode('ascii', 'backslashreplace').decode()} may not stand there")


def _after_comment(text: str, place: int) -> int:
    depth = 0
    for mark in _IN_COMMENT.finditer(text, place):
        if mark[0] in "\0\r\n":
            raise _Broken("a comment holds what no line may hold")
        depth += {"(": 1, ")": -1}.get(mark[0], 0)
        if depth == 0:
            return mark.end()
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
            found = self._item(in_group)
            in_group = in_group or not found
            count += len(found)
            if count > MAX_MAILBOXES:
                raise _Broken("it names too many authors")
            yield from found
            if found:
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

    def _take_all(self, kinds: tuple[str, ...]) -> list[_Token]:
        start = self._place
        while self._kind in kinds:
            self._place += 1
        return self._tokens[start : self._place]

    def _expect_end_of_item(self, kinds: tuple[str, ...]) -> None:
        if self._kind not in kinds:
            raise _Broken("something stands behind an address")

    def _item(self, in_group: bool) -> list[Mailbox]:
        """A mailbox, or none when a group begins here."""
        # No address has commas or brackets before its @; a name without the quotes it needs may.
        words = self._take_all((*_WORDS, *_UNQUOTED))
        if self._kind == "<":
            return [self._in_brackets(_phrase(words))]
        if self._kind == ":" and words and not in_group:
            self._take()
            _phrase(words, is_group=True)
            return []
        shown = self._address("", words)
        if self._kind != "<":
            return [shown]
        # The address as its own name. Another address there is another author.
        author = self._in_brackets(f"{shown.local}@{shown.domain}")
        return [author] if author.domain.lower() == shown.domain.lower() else [author, shown]

    def _in_brackets(self, name: str) -> Mailbox:
        self._take()
        mailbox = self._address(name, self._take_all(_WORDS))
        if self._kind != ">":
            raise _Broken("an address does not end with >")
        self._take()
        return mailbox

    def _address(self, name: str, words: list[_Token]) -> Mailbox:
        local = _local_part(words)
        if self._kind != "@":
            raise _Broken("an address has no @")
        start = self._place
        self._take()
        domain = _dotted(self._take_all(("atom", ".")))
        # Of `"a@b" @c` and `"\\"a@b"@c` some programs read the part that is quoted.
        if "@" in local and ("\\" in local or any(token.spaced for token in self._tokens[start : start + 2])):
            raise _Broken("an address stands in an address")
        return Mailbox(name, local, domain)


def _phrase(words: list[_Token], *, is_group: bool = False) -> str:
    # A dot may stand in a name (RFC 5322's obs-phrase), but not begin it.
    if words and words[0].kind == ".":
        raise _Broken("a name begins with a dot")
    name = "".join((" " if word.spaced and place else "") + _unquoted(word) for place, word in enumerate(words))
    if is_group and name.lower().endswith("mailto"):
        raise _Broken("a link stands for an address")
    # Some programs end the name at a comma or bracket that has no quotes, and take what stands before for the author.
    if (is_group or any(word.kind in _UNQUOTED for word in words)) and display_name.is_address_like(name):
        raise _Broken("an address stands in the name of a group, or in one that lacks its quotes")
    return name


def _unquoted(word: _Token) -> str:
    return re.sub(r"\\(.)", r"\1", word.text[1:-1]) if word.kind == "quoted" else word.text


def _local_part(words: list[_Token]) -> str:
    if not words:
        raise _Broken("an address has nothing before its @")
    local = words[0].text if len(words) == 1 and words[0].kind == "quoted" else _dotted(words)
    # Some programs open encoded words even here, where RFC 2047 section 5 forbids them, and show another address.
    if _ENCODED_WORD.search(local):
        raise _Broken("an encoded word stands in an address")
    if local.strip("'`") != local:
        raise _Broken("a single quotation mark stands around an address")
    return local


def _dotted(words: list[_Token]) -> str:
    """Atoms with single dots between them, and nothing else."""
    if any(word.spaced for word in words[1:]):
        raise _Broken("white space stands inside an address")
    kinds = [word.kind for word in words]
    if len(kinds) % 2 == 0 or kinds != ["atom", "."] * (len(kinds) // 2) + ["atom"]:
        raise _Broken("an address is malformed")
    return "".join(word.text for word in words)
