"""Write a letter: RFC 5322 fields and MIME bodies as octets that every client reads.

Nothing of a Draft is trusted to be harmless: subject and names come from strangers' mails. So every field is built
here from cleaned words (no control character can end a field), texts beyond ASCII become encoded words that never cut
a character (RFC 2047), domains become A-labels (RFC 5890), file names are given twice (RFC 2231, and RFC 2047 for
clients that know no better), and bodies are encoded so that no line is longer than 78 octets.
The same Draft always gives the same octets: boundaries are derived from its Message-ID.
"""

import re
import unicodedata
from base64 import b64encode
from binascii import b2a_qp
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256
from urllib.parse import quote

import idna

_LINE = 76
"""Columns of a line that holds an encoded word (RFC 2047 section 2)."""
_WORD = 75
_FRAME = len("=?UTF-8?B??=")
_LONGEST_TEXT = 900
"""Characters of a subject or name; the rest is cut."""
_LONGEST_NAME = 150
"""Characters of a file name; its ending is kept."""
_LONGEST_ADDRESS = 320
"""RFC 5321 section 4.5.3.1: 64 octets, "@" and 255 octets."""
_LONGEST_ID = 900
_REFERENCES = 20
"""Message-IDs in References: the first, which opens the thread, and the newest."""

_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
"""Control characters, line separators, direction overrides and halves of characters; blanks are handled apart."""
_BODY_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_IN_NO_ADDRESS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_BLANKS = re.compile(r"[ \t\r\n\v\f]+")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_WIDE_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_PHRASE = re.compile(rf"{_ATOM}(?: {_ATOM})*")
_DOT_ATOM = re.compile(rf"{_WIDE_ATOM}(?:\.{_WIDE_ATOM})*")
_DOMAIN = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\[[A-Za-z0-9.:-]+\]")
_ID = re.compile(r"<[!-;=?-~]+>")
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,80}/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,4}")
_PLAIN_OCTETS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
"""What the Q encoding may leave as it is even in a display name (RFC 2047 section 5 (3))."""


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
    attachments: tuple[tuple[str, str, bytes], ...] = ()
    """File name, content type and octets of each."""
    language: str = ""
    """For Content-Language, such as "ko"."""


def compose(draft: Draft) -> bytes:
    """The whole message with CRLF line ends, unsigned. Raw UTF-8 is only in a local part beyond ASCII (RFC 6532)."""
    return b"".join((*(f"{field}\r\n".encode() for field in _fields(draft)), *_content(draft)))


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
    return f"{_quoted(local)}@{domain}"


# ---- fields --------------------------------------------------------------------------------------------------------


def _fields(draft: Draft) -> Iterator[str]:
    yield _fold("Date", [format_datetime(draft.date)])
    yield _mailbox("From", draft.sender_name, draft.sender)
    yield _mailbox("To", draft.recipient_name, draft.recipient)
    if ascii_address(draft.reply_to):
        yield _mailbox("Reply-To", "", draft.reply_to)
    yield _fold("Subject", _text(_clean(draft.subject), len("Subject: ")))
    yield from _thread(draft)
    yield from _automatic(draft)
    if _LANGUAGE.fullmatch(draft.language):
        yield f"Content-Language: {draft.language}"
    yield "MIME-Version: 1.0"


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


def _mailbox(field: str, name: str, address: str) -> str:
    address = ascii_address(address)
    if not address:
        return f"{field}: undisclosed-recipients:;"
    phrase = _phrase(_clean(name), len(field) + 2)
    return _fold(field, [*phrase, f"<{address}>"] if phrase else [address])


def _phrase(name: str, column: int) -> list[str]:
    if not name.isascii() or len(name) > _LINE - column - 2 or "=?" in name:
        return _encoded_words(name, column)
    if not name or _PHRASE.fullmatch(name):
        return name.split()
    return [_quoted(name)]


def _text(text: str, column: int) -> list[str]:
    """Words as they are up to the first that needs encoding; from there on all are encoded."""
    plain: list[str] = []
    words = text.split(" ")
    while words and words[0].isascii() and len(words[0]) < _WORD and "=?" not in words[0]:
        plain.append(words.pop(0))
    if not words:
        return plain
    for word in plain:
        column = column + len(word) + 1 if column + len(word) < _LINE else len(word) + 2
    return plain + _encoded_words(" ".join(words), column)


def _fold(field: str, words: Iterable[str]) -> str:
    """A field of several lines, folded between words (RFC 5322 section 2.2.3)."""
    lines, line = [], f"{field}:"
    for word in words:
        if len(line) + 1 + len(word) > _LINE and not line.endswith(":"):
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line])


def _clean(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFC", _CONTROLS.sub("", text[:_LONGEST_TEXT * 4]))
    return _BLANKS.sub(" ", text[:_LONGEST_TEXT]).strip(" ")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _a_label(label: str) -> str:
    """IDNA 2008: what its forerunner mapped ("straße" to "strasse") is another's domain now."""
    if label.isascii() or len(label) > 63:
        return label
    try:
        return idna.alabel(unicodedata.normalize("NFC", label)).decode()
    except UnicodeError:
        return "xn--" + unicodedata.normalize("NFKC", label).encode("punycode").decode().lower()


# ---- encoded words (RFC 2047) --------------------------------------------------------------------------------------


def _encoded_words(text: str, column: int) -> list[str]:
    """The text as encoded words of whole characters, B or Q, whichever is shorter; the first starts at `column`."""
    is_q = 3 * _q_length(text) < 4 * len(text.encode())
    room = _LINE - column if _LINE - column >= _FRAME + 16 else _WORD
    words, word, used = [], "", 0
    for character in _characters(text):
        more = _q_length(character) if is_q else len(character.encode())
        if word and _FRAME + (used + more if is_q else (used + more + 2) // 3 * 4) > min(room, _WORD):
            words.append(_encoded_word(word, is_q))
            word, used, room = "", 0, _WORD
        word += character
        used += more
    return [*words, _encoded_word(word, is_q)]


def _encoded_word(text: str, is_q: bool) -> str:
    octets = text.encode()
    if not is_q:
        return f"=?UTF-8?B?{b64encode(octets).decode()}?="
    return f"=?UTF-8?Q?{''.join(map(_q_octet, octets))}?="


def _q_octet(octet: int) -> str:
    if octet in _PLAIN_OCTETS:
        return chr(octet)
    return "_" if octet == 0x20 else f"={octet:02X}"


def _q_length(text: str) -> int:
    return sum(1 if octet in _PLAIN_OCTETS or octet == 0x20 else 3 for octet in text.encode())


def _characters(text: str) -> Iterator[str]:
    """What a reader sees as one character, with its accents, vowels (old Hangul) and joiners, up to a fair length."""
    whole = ""
    for point in text:
        if whole and (not _is_joined(whole[-1], point) or len(whole) > 8):
            yield whole
            whole = ""
        whole += point
    if whole:
        yield whole


def _is_joined(before: str, point: str) -> bool:
    if point.isascii():
        return False
    return point == "\u200d" or before == "\u200d" or "\u1160" <= point <= "\u11ff" \
        or unicodedata.category(point) in ("Mn", "Me", "Mc") or "\U0001f3fb" <= point <= "\U0001f3ff"


# ---- bodies (MIME) -------------------------------------------------------------------------------------------------


def _content(draft: Draft) -> Iterator[bytes]:
    """The fields and octets of the body: text, or text and HTML, or these with attachments."""
    body = list(_body("plain", draft.text))
    if draft.html:
        body = list(_multipart("alternative", draft.message_id, [body, list(_body("html", draft.html))]))
    if draft.attachments:
        files = [list(_attachment(*each)) for each in draft.attachments]
        body = list(_multipart("mixed", draft.message_id, [body, *files]))
    yield from body


def _multipart(kind: str, seed: str, parts: list[list[bytes]]) -> Iterator[bytes]:
    boundary = _boundary(kind, seed, parts)
    yield b'Content-Type: multipart/%s;\r\n boundary="%s"\r\n' % (kind.encode(), boundary)
    for part in parts:
        yield b"\r\n--%s\r\n" % boundary
        yield from part
    yield b"\r\n--%s--\r\n" % boundary


def _boundary(kind: str, seed: str, parts: list[list[bytes]]) -> bytes:
    """A delimiter that no part holds: with "=_" no encoded part can, so a plain one decides about another round."""
    boundary = b"=_" + sha256(f"{kind} {seed}".encode(errors="replace")).hexdigest()[:32].encode()
    while any(boundary in piece for part in parts for piece in part):
        boundary = b"=_" + sha256(boundary).hexdigest()[:32].encode()
    return boundary


def _body(subtype: str, text: str) -> Iterator[bytes]:
    text = _BODY_CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    octets = text.rstrip("\n").replace("\n", "\r\n").encode() + b"\r\n"
    encoding, encoded = _encode(octets)
    charset = "us-ascii" if octets.isascii() and subtype == "plain" else "utf-8"
    yield f"Content-Type: text/{subtype}; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
    yield encoded


def _encode(octets: bytes) -> tuple[str, bytes]:
    """As it is when every host passes it unchanged, else the shorter of quoted-printable and base64."""
    lines = octets.split(b"\r\n")
    if octets.isascii() and all(len(line) <= 78 and not line.startswith(b"From ") for line in lines):
        return "7bit", octets
    base64 = _base64(octets)
    # Mail boxes of the old form put ">" in front of a line that begins with "From ".
    printable = re.sub(rb"(?m)^From ", b"=46rom ", b2a_qp(octets, istext=True))
    return ("quoted-printable", printable) if len(printable) <= len(base64) else ("base64", base64)


def _base64(octets: bytes) -> bytes:
    encoded = b64encode(octets)
    return b"".join(encoded[at:at + _LINE] + b"\r\n" for at in range(0, len(encoded), _LINE))


def _attachment(filename: str, content_type: str, octets: bytes) -> Iterator[bytes]:
    content_type = content_type.lower()
    # A message or multipart may not be encoded (RFC 2046 section 5.2.1), so such a file travels as plain octets.
    if not _TYPE.fullmatch(content_type) or content_type.startswith(("multipart/", "message/")):
        content_type = "application/octet-stream"
    name = _filename(filename)
    yield "\r\n".join([
        f"Content-Type: {content_type};", f" name={_name_parameter(name)}",
        "Content-Transfer-Encoding: base64",
        "Content-Disposition: attachment;", ";\r\n".join(_filename_parameter(name)), "", "",
    ]).encode()
    yield _base64(octets)


def _filename(name: str) -> str:
    name = re.sub(r'[/\\:*?"<>|]', "_", _clean(name)).strip(" .") or "attachment"
    stem, dot, ending = name.rpartition(".")
    if len(name) <= _LONGEST_NAME or not dot or len(ending) > 10:
        return name[:_LONGEST_NAME]
    return f"{stem[:_LONGEST_NAME - len(ending) - 1]}.{ending}"


def _name_parameter(name: str) -> str:
    if name.isascii() and len(name) <= 60 and "=?" not in name:
        return _quoted(name)
    return '"' + "\r\n ".join(_encoded_words(name, len(' name="'))) + '"'


def _filename_parameter(name: str) -> list[str]:
    """RFC 2231 sections 3 and 4: one value when it fits into a line, else numbered pieces of whole characters."""
    if name.isascii() and len(name) <= 60:
        return [f" filename={_quoted(name)}"]
    pieces = [""]
    for character in _characters(name):
        character = quote(character, safe="!#$&+-.^_`{}~")
        if len(pieces[-1]) + len(character) > 50 and pieces[-1]:
            pieces.append("")
        pieces[-1] += character
    if len(pieces) == 1:
        return [f" filename*=UTF-8''{pieces[0]}"]
    pieces[0] = f"UTF-8''{pieces[0]}"
    return [f" filename*{number}*={piece}" for number, piece in enumerate(pieces)]
