"""Write a letter: RFC 5322 fields and MIME bodies as octets that every client reads.

Nothing of a Draft is trusted to be harmless: subject and names come from strangers' mails. So every field is built
here from cleaned words (no control character can end a field), texts beyond ASCII become encoded words that never cut
a character (RFC 2047), domains become A-labels (RFC 5890), file names are given twice (RFC 2231, and RFC 2047 for
clients that know no better), and bodies are encoded so that no line is longer than 78 octets.
The same Draft always gives the same octets: boundaries are derived from its Message-ID.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache

import idna

from gateway.mail.enclosed import File, content
from gateway.mail.encoded import LINE, WORD, clean, encoded_words, quoted

_LONGEST_ADDRESS = 320
"""RFC 5321 section 4.5.3.1: 64 octets, "@" and 255 octets."""
_LONGEST_ID = 900
_REFERENCES = 20
"""Message-IDs in References: the first, which opens the thread, and the newest."""
_IN_NO_ADDRESS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_WIDE_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_PHRASE = re.compile(rf"{_ATOM}(?: {_ATOM})*")
_DOT_ATOM = re.compile(rf"{_WIDE_ATOM}(?:\.{_WIDE_ATOM})*")
_DOMAIN = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\[[A-Za-z0-9.:-]+\]")
_ID = re.compile(r"<[!-;=?-~]+>")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,4}")


@dataclass(frozen=True, kw_only=True)
class Draft:
    """All that a letter is made of. Addresses are bare (name@domain); Message-IDs have their angle brackets."""

    sender: str
    sender_name: str
    recipient: str
    subject: str
    text: str
    message_id: str
    date: datetime
    is_automatic: bool
    """Written by the desk, not by an agent: the letter says so (RFC 3834), and asks for no automatic answer."""
    recipient_name: str = ""
    reply_to: str = ""
    html: str = ""
    """The same words once more as HTML; "" for a letter of plain text."""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    """The thread so far, oldest first."""
    attachments: tuple[File, ...] = ()
    language: str = ""
    """For Content-Language, such as "ko"."""


def compose(draft: Draft) -> bytes:
    """The whole message with CRLF line ends, unsigned. Raw UTF-8 is only in a local part beyond ASCII (RFC 6532)."""
    body = content(draft.text, draft.html, draft.attachments, draft.message_id)
    return b"".join((*(f"{field}\r\n".encode() for field in _fields(draft)), *body))


def ascii_domain(domain: str) -> str:
    """The domain in A-labels and lower case (RFC 5890); "" when it can be none."""
    domain = domain.strip().rstrip(".。").replace("。", ".").lower()
    if not domain.isascii():
        domain = ".".join(_a_label(label) for label in domain[:253].split("."))
    return domain if len(domain) <= 253 and _DOMAIN.fullmatch(domain) else ""


def ascii_address(address: str) -> str:
    """An address fit for a field or an envelope: its domain in A-labels, its local part quoted where it has to be.

    Only the local part may still hold UTF-8 (RFC 6531). "" when the text is no address.
    """
    address = address.strip()
    local, at, domain = address.rpartition("@")
    if not at or not local or len(address) > _LONGEST_ADDRESS or _IN_NO_ADDRESS.search(address):
        return ""
    domain = ascii_domain(domain)
    if not domain:
        return ""
    if _DOT_ATOM.fullmatch(local):
        return f"{local}@{domain}"
    if len(local) > 1 and local[0] == local[-1] == '"':
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    return f"{quoted(local)}@{domain}"


def _fields(draft: Draft) -> Iterator[str]:
    yield _date(draft.date, draft.date.utcoffset())
    yield _mailbox("From", draft.sender_name, draft.sender)
    yield _mailbox("To", draft.recipient_name, draft.recipient)
    if ascii_address(draft.reply_to):
        yield _mailbox("Reply-To", "", draft.reply_to)
    yield _fold("Subject", _text(clean(draft.subject), len("Subject: ")))
    yield from _thread(draft)
    yield from _automatic(draft)
    if _LANGUAGE.fullmatch(draft.language):
        yield f"Content-Language: {draft.language}"
    yield "MIME-Version: 1.0"


@lru_cache(100)
def _date(moment: datetime, _zone: timedelta | None) -> str:
    """Many letters are written at one moment; one moment in two zones is the same, but not written so."""
    return _fold("Date", [format_datetime(moment)])


def _thread(draft: Draft) -> Iterator[str]:
    parents = _ids((draft.in_reply_to,))
    thread = [each for each in _ids(draft.references) if each not in parents] + parents
    if len(thread) > _REFERENCES:
        thread = [thread[0], *thread[1 - _REFERENCES:]]
    for name, ids in (("Message-ID", _ids((draft.message_id,))), ("In-Reply-To", parents), ("References", thread)):
        if ids:
            yield _fold(name, ids)


def _automatic(draft: Draft) -> Iterator[str]:
    """RFC 3834 section 5: auto-replied answers a message, auto-generated (such as a first letter) answers none."""
    if draft.is_automatic:
        yield f"Auto-Submitted: {'auto-replied' if _ids((draft.in_reply_to,)) else 'auto-generated'}"
        yield "X-Auto-Response-Suppress: All"


def _ids(texts: Iterable[str]) -> list[str]:
    """Only whole, ASCII Message-IDs, each once: half of one would point at another mail or end the field."""
    return list(dict.fromkeys(text for text in texts if len(text) <= _LONGEST_ID and _ID.fullmatch(text)))


@lru_cache(100)
def _mailbox(field: str, name: str, address: str) -> str:
    address = ascii_address(address)
    if not address:
        return f"{field}: undisclosed-recipients:;"
    phrase = _phrase(clean(name), len(field) + 2)
    return _fold(field, [*phrase, f"<{address}>"] if phrase else [address])


def _phrase(name: str, column: int) -> list[str]:
    if not name.isascii() or len(name) > LINE - column - 2 or "=?" in name:
        return encoded_words(name, column)
    if not name or _PHRASE.fullmatch(name):
        return name.split()
    return [quoted(name)]


def _text(text: str, column: int) -> list[str]:
    """Words as they are up to the first that needs encoding; from there on all are encoded."""
    plain: list[str] = []
    words = text.split(" ")
    while words and words[0].isascii() and len(words[0]) < WORD and "=?" not in words[0]:
        plain.append(words.pop(0))
    if not words:
        return plain
    for word in plain:
        column = column + len(word) + 1 if column + len(word) < LINE else len(word) + 2
    return plain + encoded_words(" ".join(words), column)


def _fold(field: str, words: Iterable[str]) -> str:
    """A field of several lines, folded between words (RFC 5322 section 2.2.3)."""
    lines, line = [], f"{field}:"
    for word in words:
        if len(line) + 1 + len(word) > LINE and not line.endswith(":"):
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line])


def _a_label(label: str) -> str:
    """IDNA 2008: what its forerunner mapped ("straße" to "strasse") is another's domain now."""
    if label.isascii() or len(label) > 63:
        return label
    try:
        return idna.alabel(unicodedata.normalize("NFC", label)).decode()
    except UnicodeError:
        return "xn--" + unicodedata.normalize("NFKC", label).encode("punycode").decode().lower()
