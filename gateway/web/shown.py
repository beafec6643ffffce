"""How what strangers sent is shown: sizes, and text in which an address of the web can be pressed."""

import re

from markupsafe import Markup, escape

_ADDRESS = re.compile(r"https?://[^\s<>\"'`{}|\\^\u200b-\u200f\u202a-\u202e\u2060-\u206f]{3,2000}", re.IGNORECASE)
_BEHIND = ".,;:!?)]}。，、！？）」』】〉》"
"""What stands behind an address in a sentence and is no part of it."""
_LINK = Markup('<a href="{0}" rel="noreferrer noopener nofollow" target="_blank">{0}</a>')


def octets(size: int) -> str:
    """Such as "31 KB"."""
    for unit in ("B", "KB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if size >= 10 or unit == "B" else f"{size:.1f} {unit}"
        size = size / 1000  # type: ignore[assignment]
    return f"{size:.1f} GB"


def linked(text: str) -> Markup:
    """The text with its http and https addresses as links that tell the other side nothing; all else is escaped."""
    parts, done = [], 0
    for found in _ADDRESS.finditer(text):
        address = found[0].rstrip(_BEHIND)
        parts += [escape(text[done:found.start()]), _LINK.format(address)]
        done = found.start() + len(address)
    return Markup().join([*parts, escape(text[done:])])
