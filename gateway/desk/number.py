"""Request numbers: PREFIX-YEAR-RUNNINGc, such as FD-2026-0001236, where c is a check digit.

The check digit is Damm's (a quasigroup of order 10 whose table is totally anti-symmetric): one wrong digit and two
swapped neighbours are always noticed. It is computed over year and running number together.
"""

import re
import unicodedata
from collections.abc import Iterator

_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)
_WIDTH = 6
_LONGEST = 10
"""Digits of a running number that are looked for: ten milliards a year."""
_SCAN = 200_000
"""Characters of a text in which numbers are looked for."""


def check_digit(digits: str) -> str:
    """Damm's digit for a string of ASCII digits."""
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return str(interim)


def compose(prefix: str, year: int, running: int) -> str:
    """The number as it is written in letters."""
    body = f"{running:0{_WIDTH}d}"
    return f"{prefix}-{year:04d}-{body}{check_digit(f'{year:04d}{body}')}"


def find(text: str, prefix: str) -> Iterator[str]:
    """Every number that a text names, in canonical form, however loosely typed: full-width, spaced, lower case."""
    text = unicodedata.normalize("NFKC", text[:_SCAN]).upper()
    gap = r"[\s._\-‐‑‒–—―−#:]{0,3}"
    digit = rf"(?:[0-9]{gap})"
    # The first letter stands before the look behind it, so that a long text without that letter costs little.
    letters = gap.join([rf"{prefix[0]}(?<![A-Z0-9]{prefix[0]})", *prefix[1:]])
    pattern = rf"{letters}{gap}((?:{digit}){{4}})({digit}{{{_WIDTH},{_LONGEST}}}[0-9])"
    seen = set()
    for found in re.finditer(pattern, text):
        number = _first_true(prefix, _digits(found[1]), _digits(found[2]))
        if number and number not in seen:
            seen.add(number)
            yield number


def _first_true(prefix: str, year: str, rest: str) -> str:
    """The longest reading whose check digit is right: digits of a following word may have been swept along."""
    for end in range(len(rest), _WIDTH, -1):
        body, check = rest[: end - 1], rest[end - 1]
        if check_digit(year + body) == check and (len(body) == _WIDTH or body[0] != "0"):
            return f"{prefix}-{year}-{body}{check}"
    return ""


def _digits(text: str) -> str:
    return "".join(re.findall(r"[0-9]", text))
