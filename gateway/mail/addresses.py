"""Address fields (RFC 5322 section 3.4) as people and programs really write them.

This reads leniently, for showing and answering; who the author *is* for DMARC is decided by the strict grammar of the
authentication room. Linear: one pass of a tokenizer, never the structured parser of the standard library.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import idna

from gateway.mail.words import decode_words, tidy

LONGEST_ADDRESS = 320
"""Characters: RFC 5321 section 4.5.3.1 allows 64 octets, "@" and 255 octets; PostgreSQL indexes no more than 2.7 kB."""
_KEPT = 100
"""Characters of a field whose reading is remembered: most mails are to the same few addresses of ours."""
ADDRESSES_LIMIT = 1000
"""Addresses of one field that are read."""

_TOKEN = re.compile(
    r'(?P<quoted>"(?:[^"\\]|\\.)*"?)|(?P<word>=\?[^?\s]{1,60}\?[bBqQ]\?[^?]*\?=)|(?P<open><)|(?P<close>>)|(?P<comma>,)|'
    r"(?P<colon>:)|(?P<semicolon>;)|(?P<comment>\()|(?P<blank>[ \t\r\n]+)|(?P<atom>(?:[^\s\"<>,:;()=]|=(?!\?))+|.)",
    re.DOTALL,
)
_ANGLE = re.compile(r"[^,;:<>@]{1,200}<")
"""Words, and then an address in brackets."""
_COMMENT = re.compile(r"[()]|\\.")
_ADDRESS = re.compile(
    r"(?:(?<=mailto:)|(?<![^\s<>\"(),;:\[\]@]))[^\s<>\"(),;:\[\]@]+@(?:[^\s<>\"(),;:\[\]@]+|\[[^\[\]\s]*\])"
)
_DOTTED = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_ESCAPE = re.compile(r"\\(.)")
_WHOLLY_QUOTED = re.compile(r'"[^"@]+@[^"@]+"')


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox: its address and the name beside it; either may be ""."""

    email: str
    name: str = ""


@dataclass(slots=True)
class _Draft:
    """What was read of one mailbox so far."""

    phrase: list[str] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    angle: str | None = None


def addresses(value: str, hint: str = "") -> tuple[Address, ...]:
    """The mailboxes of a field, groups opened, names decoded; at most ADDRESSES_LIMIT. Never raises."""
    return _kept(value, hint) if len(value) <= _KEPT else _read(value, hint)


@lru_cache(256)
def _kept(value: str, hint: str) -> tuple[Address, ...]:
    return _read(value, hint)


def _read(value: str, hint: str) -> tuple[Address, ...]:
    found = []
    for draft in _drafts(value, hint):
        address = _finish(draft, hint)
        if address is not None:
            found.append(address)
            if len(found) >= ADDRESSES_LIMIT:
                break
    if not any(each.email for each in found) and "=?" in value:
        # Some programs encode the whole field, address and all.
        opened = decode_words(value, hint)
        if "@" in opened and "=?" not in opened:
            return addresses(opened, hint)
    return tuple(each for each in found if each.email or each.name)


def _drafts(value: str, hint: str) -> Iterator[_Draft]:
    draft, position, length = _Draft(), 0, len(value)
    group, may_group = False, ";" in value or value.count("@") != 1
    while position < length:
        found = _TOKEN.match(value, position)
        if found is None:
            break
        kind, text, position = found.lastgroup, found[0], found.end()
        if kind == "comment":
            comment, position = _comment(value, position)
            draft.comments.append(comment)
        elif kind == "open":
            draft.angle, position = _angle(value, position, draft.angle)
        elif kind == "comma" or kind == "semicolon":
            if not group and _is_within_name(draft, value, position):
                draft.phrase.append(text)
                continue
            group = group and kind == "comma"
            yield draft
            draft = _Draft()
        elif kind == "colon" and draft.plain[-1:] and draft.plain[-1].lower().endswith("mailto"):
            draft.plain[-1] = draft.phrase[-1] = draft.plain[-1][:-6]
        elif kind == "colon" and value[position : position + 2].lstrip().startswith("<") and not may_group:
            continue
        elif kind == "colon" and not group and _opens_group(draft, value, position, may_group):
            group, draft = True, _Draft()
        elif kind != "close":
            draft.plain.append(text)
            draft.phrase.append(_unquoted(text, hint) if kind == "quoted" else text)
    yield draft


def _opens_group(draft: _Draft, value: str, position: int, may_group: bool) -> bool:
    """A colon behind words that are no address, unless somebody forgot to quote it in the name of the only one."""
    is_name = not may_group and _ANGLE.match(value, position) is not None
    return not is_name and draft.angle is None and "@" not in "".join(draft.plain)


def _is_within_name(draft: _Draft, value: str, position: int) -> bool:
    """A comma that somebody forgot to quote: "Hong, Gildong <hong@example.com>"."""
    is_bare = bool(draft.phrase) and draft.angle is None and _ANGLE.match(value, position) is not None
    return is_bare and "@" not in "".join(draft.plain)


def _unquoted(text: str, hint: str) -> str:
    """Encoded words within quotes are decoded here: the blank behind the quotes is no longer one between two words."""
    text = _ESCAPE.sub(r"\1", text[1:].removesuffix('"'))
    return decode_words(text, hint) if "=?" in text else text


def _comment(value: str, position: int) -> tuple[str, int]:
    """The text of a comment and the place behind it; an unclosed one is text to the end."""
    depth, start = 1, position
    for found in _COMMENT.finditer(value, position):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if depth == 0:
            return value[start : found.start()], found.end()
    return value[start:], len(value)


def _angle(value: str, position: int, before: str | None) -> tuple[str | None, int]:
    """The address in angle brackets. A second one counts only when the first held no address ("<a b> <a@b>")."""
    close = value.find(">", position, position + 2000)
    end = (
        close
        if close >= 0
        else min([place for place in (value.find(",", position, position + 2000), len(value)) if place >= 0])
    )
    inside = value[position:end]
    if inside.count("<"):
        inside = inside[inside.rfind("<") + 1 :]
    if before and "@" in before:
        inside = before
    return inside, end + 1 if close >= 0 else end


def _finish(draft: _Draft, hint: str) -> Address | None:
    name = _name("".join(draft.phrase), hint)
    if draft.angle is not None:
        email = _bare(draft.angle, hint)
        if not email and "@" in name:
            return _joined(name, draft)
        if "@" not in email and _DOTTED.fullmatch(name):
            email, name = name, email  # the wrong way round: hong@example.com <Hong Gildong>
        return Address(email, name or _name(" ".join(draft.comments), hint))
    return _joined(name, draft) if name or draft.comments else None


def _joined(name: str, draft: _Draft) -> Address:
    """No brackets: the address is the word with the at sign, the name what stands around it or in a comment."""
    plain = tidy("".join(draft.plain))
    if plain.startswith('"') and re.fullmatch(r'"[^"]*"@\S+', plain):
        return Address(plain, tidy(decode_words(" ".join(draft.comments))))
    found = _ADDRESS.search(name)
    if not found:
        comment = tidy(decode_words(" ".join(draft.comments)))
        if _DOTTED.fullmatch(comment):
            return Address(comment, name)
        return Address(plain, name or comment) if "@" in plain and " " not in plain else Address("", comment or name)
    rest = tidy((name[: found.start()] + " " + name[found.end() :]).strip(" \t[]()<>\"'"))
    return Address(found[0].strip("'`"), rest or tidy(decode_words(" ".join(draft.comments))))


def _bare(angle: str, hint: str) -> str:
    """The address between the brackets: routes ("@a,@b:"), mailto:, blanks and quotes around it go."""
    text = angle.strip().strip("'`")
    if "=?" in text:
        text = decode_words(text, hint)
    text = tidy(text)
    if text.startswith("@") and ":" in text:
        text = text.partition(":")[2]
    if text[:7].lower() == "mailto:":
        text = text[7:]
    if " " in text and not text.startswith('"'):
        found, joined = _ADDRESS.search(text), text.replace(" ", "")
        is_cut = found is None or ("." not in found[0].rpartition("@")[2] and _DOTTED.fullmatch(joined))
        text = found[0] if found and not is_cut else joined if "@" in text else text
    return text.strip('"') if text.startswith('"') and _WHOLLY_QUOTED.fullmatch(text) else text


def _name(text: str, hint: str) -> str:
    name = tidy(decode_words(text, hint))
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1].strip()
    return re.sub(r"\s+", " ", name[:4000])


def address_key(address: str) -> str:
    """An address as it is compared: lower case, the domain as DNS knows it (A-labels, RFC 5890).

    What is longer than any address (RFC 5321 section 4.5.3.1) stays as it is: nobody's.
    """
    if len(address) > LONGEST_ADDRESS:
        return address
    local, at, domain = unicodedata.normalize("NFC", address.strip()).lower().rpartition("@")
    return local + at + ".".join(map(_a_label, domain.split(".")))


def _a_label(label: str) -> str:
    try:
        return label if label.isascii() else idna.alabel(label).decode("ascii")
    except UnicodeError:
        return label


def masked(address: str) -> str:
    """An address as it may be read aloud: k***@example.com."""
    local, at, domain = address.partition("@")
    return f"{local[:1]}***{at}{domain}"
