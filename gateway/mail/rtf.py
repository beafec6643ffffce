"""The text of Rich Text as Outlook keeps it: compressed (MS-OXRTFCP), HTML or plain text wrapped in it (MS-OXRTFEX).

Only what a person reads is wanted: fonts, styles, pictures and the HTML tags in it are passed over.
"""

import re

from gateway.mail.charsets import decode

RTF_LIMIT = 160 * 1024
"""Octets of Rich Text that are made or read."""

_DICTIONARY = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor "
    rb"MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
"""What the dictionary of every compressed text begins with (MS-OXRTFCP section 2.1.2.1)."""
_TOKEN = re.compile(rb"\\([a-z]{1,32})(-?\d{1,10})?[ ]?|\\'([0-9a-fA-F]{2})|\\([^a-z])|([{}])|[\r\n]+|([^\\{}\r\n]+)")
_SKIPPED = frozenset((
    b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"header", b"footer", b"listtable",
    b"listoverridetable", b"generator", b"xmlnstbl", b"themedata", b"datastore", b"latentstyles",
))
_SIGNS = {
    b"par": "\n", b"line": "\n", b"row": "\n", b"sect": "\n", b"page": "\n", b"tab": "\t", b"cell": "\t",
    b"emdash": "—", b"endash": "–", b"bullet": "•", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“",
    b"rdblquote": "”",
}  # fmt: skip
_ESCAPED = {b"~": "\xa0", b"_": "-", b"-": "", b"\n": "\n", b"\r": "\n"}


def decompressed(content: bytes) -> bytes:
    """The Rich Text; b"" when it is none. Never raises."""
    if content[8:12] == b"MELA":
        return content[16 : 16 + RTF_LIMIT]
    if content[8:12] != b"LZFu":
        return b""
    ring, out = bytearray(_DICTIONARY.ljust(4096, b"\x00")), bytearray()
    write, place = len(_DICTIONARY), 16
    while place < len(content) and len(out) < RTF_LIMIT:
        control, place = content[place], place + 1
        for bit in range(8):
            if not control >> bit & 1:
                piece, place = content[place : place + 1], place + 1
            else:
                offset, length, place = *_reference(content, place), place + 2
                if offset == write:
                    return bytes(out)
                piece = _repeat(ring, offset, write, length)
            for octet in piece:
                ring[write] = octet
                write = (write + 1) % 4096
            out += piece
    return bytes(out)


def _reference(content: bytes, place: int) -> tuple[int, int]:
    """Where in the ring, and how many octets."""
    pair = int.from_bytes(content[place : place + 2].ljust(2, b"\x00"), "big")
    return pair >> 4, (pair & 15) + 2


def _repeat(ring: bytearray, offset: int, write: int, length: int) -> bytes:
    """What a reference means; it may reach into what it writes itself."""
    made = bytearray()
    for step in range(length):
        behind = (offset + step - write) % 4096
        made.append(made[behind] if behind < len(made) else ring[(offset + step) % 4096])
    return bytes(made)


def rtf_text(content: bytes) -> str:
    """What a person reads of Rich Text. Never raises; linear."""
    if not content.startswith(b"{\\rtf"):
        return ""
    reader = _Reader()
    for found in _TOKEN.finditer(content[:RTF_LIMIT]):
        reader.take(found)
    return reader.text()


class _Reader:
    """The state of reading: which groups are passed over, and octets that wait for their charset."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.octets = bytearray()
        self.codepage = "cp1252"
        self.groups: list[tuple[bool, int]] = []
        self.is_skipped = False
        self.unicode_skip = 1
        """Characters that stand behind a Unicode one for those who cannot read it."""
        self.pending = 0

    def take(self, found: re.Match[bytes]) -> None:
        word, number, code, sign, brace, plain = found.groups()
        if brace:
            self._brace(brace)
        elif word:
            self._word(word, number)
        elif sign == b"*":
            self.is_skipped = True
        elif self.is_skipped:
            return
        elif self.pending and (code or plain or sign):
            self.pending -= 1
            self._put(plain[1:] if plain else b"")
        elif code or plain or sign in (b"\\", b"{", b"}"):
            self._put(bytes((int(code, 16),)) if code else plain or sign)
        else:
            self._say(_ESCAPED.get(sign or b"", ""))

    def _brace(self, brace: bytes) -> None:
        if brace == b"{":
            self.groups.append((self.is_skipped, self.unicode_skip))
        elif self.groups:
            self.is_skipped, self.unicode_skip = self.groups.pop()

    def _word(self, word: bytes, number: bytes | None) -> None:
        if word == b"ansicpg" and number:
            self.codepage = f"cp{number.decode()}"
        elif word == b"uc":
            self.unicode_skip = min(int(number or 1), 9)
        elif word == b"htmlrtf":
            self.is_skipped = number != b"0"
        elif word in _SKIPPED:
            self.is_skipped = True
        elif not self.is_skipped and word == b"u" and number:
            self._say(chr(int(number) % 0x10000))
            self.pending = self.unicode_skip
        elif not self.is_skipped and word in _SIGNS:
            self._say(_SIGNS[word])

    def _put(self, octets: bytes) -> None:
        self.octets += octets

    def _say(self, text: str) -> None:
        self._settle()
        self.out.append(text)

    def _settle(self) -> None:
        if self.octets:
            self.out.append(decode(bytes(self.octets), self.codepage, may_guess=False)[0])
            self.octets.clear()

    def text(self) -> str:
        self._settle()
        text = "".join(self.out).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return re.sub(r"\n{3,}", "\n\n", text).strip()
