"""Encoded words (RFC 2047) and raw octets in fields, as a person would read them.

Real mailers cut a character between two encoded words, forget padding, put blanks inside, encode inside quotes, or send
the octets raw. Neighbouring words of one charset are therefore joined as octets before they are decoded.
"""

import base64
import re
import unicodedata
from collections.abc import Iterator

from gateway.mail.charsets import GUESSES_LIMIT, decode
from gateway.mail.fields import octets

WORDS_LIMIT = 2000
"""Encoded words of one field that are decoded; the rest stays as it came."""

_WORD = re.compile(
    r"=\?([A-Za-z0-9_.:+\-' ()\"]{1,60}?)(?:\*[A-Za-z0-9-]{0,20})?\?\s?([bBqQ])\s?\?"
    r"([^?]*(?:\?(?!=)[^?=]*)*)(?:\?=|\??\Z)"
)
"""One that is cut off at the end of the value is read as far as it goes."""
_MARKS = 30
"""Combining marks on one letter that are kept: Unicode's stream-safe text format (UAX 15 section 13) allows as many."""
_MAY_BE_MARKS = re.compile(rf"(?:[^\w\s\x00-\x7f]|[\uff9e\uff9f]){{{_MARKS + 1},}}")
"""A run that may hold too many of them; the two halfwidth sound marks become combining ones by NFKC."""
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_QUOTED = re.compile(rb"=([0-9A-Fa-f]{2})")


def decode_words(value: str, hint: str = "", *, may_guess: bool = True) -> str:
    """The readable form of an unstructured value (Subject, a display name). `hint`: a charset label of the
    same mail."""
    if "=?" not in value:
        return _plain(value, hint, may_guess)
    text: list[str] = []
    joined, charset, last = b"", "", 0
    for start, end, label, data in _words(value):
        between = value[last:start]
        if joined and not between.strip(" \t\r\n") and label.lower() == charset.lower():
            joined, last = joined + data, end
            continue
        may_guess = may_guess and len(text) < 2 * GUESSES_LIMIT
        if joined:
            text.append(decode(joined, charset, hint, may_guess=may_guess)[0])
            between = between if between.strip(" \t\r\n") else ""
        text.append(_plain(between, hint, may_guess))
        joined, charset, last = data, label, end
    if joined or charset:
        text.append(decode(joined, charset, hint, may_guess=may_guess)[0])
    text.append(_plain(value[last:], hint, may_guess))
    return "".join(text)


def _words(value: str) -> Iterator[tuple[int, int, str, bytes]]:
    for count, found in enumerate(_WORD.finditer(value)):
        if count >= WORDS_LIMIT:
            return
        data = octets(found[3] if found[0].endswith("?=") else found[3].removesuffix("?"))
        yield found.start(), found.end(), found[1].strip(' "'), _base64(data) if found[2] in "bB" else _q(data)


def _plain(value: str, hint: str, may_guess: bool) -> str:
    """Raw octets that are no UTF-8 are lone surrogates by now: guess what they were."""
    if value.isascii() and "\x1b" not in value:
        return value
    raw = octets(value)
    try:
        return raw.decode("utf-8") if b"\x1b" not in raw else decode(raw, "", hint, may_guess=may_guess)[0]
    except UnicodeDecodeError:
        return decode(raw, "", hint, may_guess=may_guess)[0]


def _base64(data: bytes) -> bytes:
    """Padding in the middle ends a run and the next goes on; what is missing at the end is added."""
    out = []
    for run in data.split(b"="):
        run = _NOT_BASE64.sub(b"", run.replace(b"-", b"+") if b"+" not in run else run)
        if len(run) % 4 == 1:
            run = run[:-1]
        if run:
            out.append(base64.b64decode(run + b"=" * (-len(run) % 4)))
    return b"".join(out)


def _q(data: bytes) -> bytes:
    data = data.replace(b"= ", b"").replace(b"_", b" ")  # some fold within a word, as in a body
    return _QUOTED.sub(lambda found: bytes((int(found[1], 16),)), data)


def tidy(value: str) -> str:
    """One line for a person: control characters and line ends become blanks, the ends are trimmed."""
    value = with_few_marks(value)
    if value.isprintable():
        return value.strip()
    return "".join(
        " " if each in "\r\n\t\x0b\x0c\x85\u2028\u2029" else each
        for each in value
        if each in "\r\n\t\x0b\x0c\x85\u2028\u2029"
        or (each >= " " and each != "\x7f" and not "\x80" <= each <= "\x9f" and not "\ud800" <= each <= "\udfff")
    ).strip()


def fold(text: str) -> str:
    """The text as words are compared: full-width as plain letters, without case, typographic apostrophes as plain."""
    if text.isascii():
        return text.lower()  # the same, in a tenth of the time
    return unicodedata.normalize("NFKC", text).casefold().replace("’", "'")


def with_few_marks(text: str) -> str:
    """Without the combining marks beyond 30 in a row: to put them in order takes the square of their number."""
    return text if text.isascii() else _MAY_BE_MARKS.sub(_few_marks, text)


def _few_marks(run: re.Match[str]) -> str:
    kept: list[str] = []
    row = 0
    for each in run[0]:
        row = row + 1 if unicodedata.combining(unicodedata.normalize("NFKD", each)[0]) else 0
        if row <= _MARKS:
            kept.append(each)
    return "".join(kept)
