"""Text in the fields of a letter: cleaned, and written as encoded words where it has to be (RFC 2047)."""

import re
import unicodedata
from base64 import b64encode
from collections.abc import Iterator

LINE = 76
"""Columns of a line that holds an encoded word (RFC 2047 section 2)."""
WORD = 75
_FRAME = len("=?UTF-8?B??=")
_LONGEST_TEXT = 900
"""Characters of a subject or name; the rest is cut."""
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
"""Control characters, line separators, direction overrides and halves of characters; blanks are handled apart."""
_BLANKS = re.compile(r"[ \t\r\n\v\f]+")
_PLAIN_OCTETS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
"""What the Q encoding may leave as it is even in a display name (RFC 2047 section 5 (3))."""


def clean(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFC", _CONTROLS.sub("", text[:_LONGEST_TEXT * 4]))
    return _BLANKS.sub(" ", text[:_LONGEST_TEXT]).strip(" ")


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def encoded_words(text: str, column: int) -> list[str]:
    """The text as encoded words of whole characters, B or Q, whichever is shorter; the first starts at `column`."""
    is_q = 3 * _q_length(text) < 4 * len(text.encode())
    room = LINE - column if LINE - column >= _FRAME + 16 else WORD
    words, word, used = [], "", 0
    for character in characters(text):
        more = _q_length(character) if is_q else len(character.encode())
        if word and _FRAME + (used + more if is_q else (used + more + 2) // 3 * 4) > min(room, WORD):
            words.append(_encoded_word(word, is_q))
            word, used, room = "", 0, WORD
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


def characters(text: str) -> Iterator[str]:
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
