"""What a page hides: the line that lists of mails show beside the subject, and whatever else nobody was to see.

It is looked for in the well-formed output of nh3, where styles stand as their author wrote them. An agent is not shown
what the customer could not see; the raw mail has it.
"""

import re
from collections.abc import Iterator

Token = tuple[str, str, str, str]
"""The slash of a closing tag, its name, its attributes; or text."""

_HIDES = re.compile(
    r"(?:display\s?:\s?none|visibility\s?:\s?hidden|opacity\s?:\s?0(?:\.0{1,3})?(?![\d.])|"
    r"max-height\s?:\s?0(?![\d.]))|\shidden=",
    re.IGNORECASE,
)
_MAY_HIDE = re.compile(r":(?:(?<=[yetYET]:)|(?<=[yetYET] :))\s?(?:none|None|NONE|hidden|Hidden|HIDDEN|0(?![\d.]))")
"""Whether any of them may be there: a look that begins with one sign costs a tenth."""
_ATTRIBUTE = re.compile(r" hidden[\s>=]")
_SIZE = re.compile(r"font-size\s?:\s?([\d.]{1,9})", re.IGNORECASE)
_VOID = frozenset(("area", "br", "col", "hr", "img", "wbr"))
_TOKENS = re.compile(r'<(/?)([a-z][a-z0-9:-]*)((?:[^>"]|"[^"]*")*)>|([^<]+)|<')


def may_hide(html: str) -> bool:
    """True when something may be hidden; a quick look at HTML as it came."""
    return bool(_MAY_HIDE.search(html) or (" hidden" in html and _ATTRIBUTE.search(html)))


def tokens(clean: str) -> Iterator[Token]:
    """All tokens of well-formed HTML."""
    for found in _TOKENS.finditer(clean):
        yield found[1] or "", found[2] or "", found[3] or "", found[4] or ("<" if found[0] == "<" else "")


def without_hidden(clean: str) -> str:
    """The HTML of what a person sees; "" where that is nothing."""
    seen = list(shown(clean))
    if not any(text.strip() or name == "img" for _, name, _, text in seen):
        return ""
    return "".join(text or f"<{close}{name}{attributes}>" for close, name, attributes, text in seen)


def shown(clean: str) -> Iterator[Token]:
    """The tokens of what a person sees. Letters of no size may hold elements that give themselves one again."""
    sizes: list[bool] = []
    """For each open element that is shown, whether its letters have a size."""
    gone = 0
    """Elements that are open and not shown."""
    for token in tokens(clean):
        close, name, attributes, text = token
        if text or name in _VOID:
            if not gone and (all(sizes[-1:]) if text else not _is_gone(attributes)):
                yield token
        elif gone:
            gone += -1 if close else 1
        elif not close and _is_gone(attributes):
            gone = 1
        else:
            if not close:
                sizes.append(_has_size(attributes, all(sizes[-1:])))
            elif sizes:
                sizes.pop()
            yield token


def _is_gone(attributes: str) -> bool:
    """True where the element and all in it is hidden; letters of no size are another thing."""
    found = _HIDES.search(attributes) if attributes else None
    if found is None:
        return False
    return not found[0].lower().startswith("max-height") or "overflow" in attributes


def _has_size(attributes: str, otherwise: bool) -> bool:
    found = _SIZE.search(attributes) if attributes else None
    return otherwise if found is None else bool(found[1].strip("0."))
