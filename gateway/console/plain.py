"""Words of strangers on a terminal: no control character of a mail may reach it, and no word may act as markup.

An escape sequence can rewrite what an agent has read, retitle the window or type commands for them; characters that
turn the direction of writing can show one address as another. They are shown as visible marks instead.
"""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_HOSTILE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_BLANKS = re.compile(r"[\s\u2028\u2029]+")


def words(text: str) -> str:
    """A text of several lines, disarmed. Tabs become blanks, so that columns stay where they are."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4)
    return _HOSTILE.sub(_mark, text)


def line(text: str, longest: int = 200) -> str:
    """The same in one line, cut where it is too long."""
    text = _HOSTILE.sub(_mark, _BLANKS.sub(" ", text[: 4 * longest]).strip())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _mark(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(0x2400 + code) if code < 0x20 else "�"


def moment(at: datetime | None, zone: ZoneInfo) -> str:
    """A point in time as it is on the site's clock."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}" if at else ""


def span(length: timedelta) -> str:
    """A span of time in the one unit that says most: 40 s, 12 min, 5 h, 3 days."""
    seconds = max(0, round(length.total_seconds()))
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size or (unit != "days" and seconds >= size):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def size(octets: int) -> str:
    """A number of octets as people write it."""
    for unit, one in (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)):
        if octets >= one:
            return f"{octets / one:.1f} {unit}" if octets < 10 * one else f"{octets // one} {unit}"
    return f"{octets} B"
