"""The text of a mail that exists only as HTML, as a person reads it: paragraphs, lists, table rows, links, quotes.

It is written from the well-formed output of nh3. Where a mail program sets a quoted mail or a signature apart by a
class or an id of its own, lines of a private-use character mark the place, for those who look for the new words.
"""

import re
from collections.abc import Iterator
from html import unescape

from gateway.mail.hidden import Token, may_hide, shown, tokens
from gateway.mail.html import CLEAN_CONTENT, HTML_LIMIT, is_hostile, without_tags

QUOTES_LIMIT = 20
"""Marks of quoting that are written in front of a line."""
PARAGRAPHS = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre"))
QUOTE_MARK = "\uf8f1"
SIGNATURE_MARK = "\uf8f2"
"""Private-use characters: no mail's text keeps them (the charsets room would call them strange)."""

_QUOTE_HINT = re.compile(
    r'name="messageReplySection"|'
    r'(?:id|class)="[^"]*(?:divRplyFwdMsg|appendonsend|OutlookMessageHeader|yahoo_quoted|gmail_attr|'
    r"moz-cite-prefix|protonmail_quote|"
    r'zmail_extra|mail_quote_header|ms-outlook-quote)|style="[^"]*border-top\s?:\s{0,3}(?:1(?:\.0)?pt solid|'
    r"solid)\s*(?:#?[A-Za-z0-9]{3,11} 1)",
    re.IGNORECASE,
)
_SIGNATURE_HINT = re.compile(
    r'(?:id|class)="[^"]*(?:gmail_signature|ms-outlook-mobile-signature|moz-signature|'
    r"AppleMailSignature|protonmail_signature_block)",
    re.IGNORECASE,
)
_MARK_LINES = re.compile("(?m)^[\uf8f1\uf8f2]\n?|\n[\uf8f1\uf8f2]$")
_ATTRIBUTES = re.compile(r'([a-z-]+)="([^"]*)"')
_SPACES = re.compile(r"[ \t\n\r\f]+")
_READ_TAGS = {
    "a", "b", "blockquote", "br", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img",
    "li", "ol", "p", "pre", "table", "td", "th", "tr", "ul", "center", "section", "article", "header", "footer",
    "span", "address", "caption", "form", "fieldset", "main", "nav", "aside",
}
_READ_ATTRIBUTES = {
    "a": {"href"},
    "img": {"alt"},
    "div": {"class", "id", "style", "name"},
    "blockquote": {"class", "type", "style"},
    "ol": {"start"},
    "hr": {"id"},
    "span": {"class", "id"},
    "table": {"class"},
    "p": {"class"},
}


def readable(html: str, *, marks: bool = False) -> str:
    """The text of the HTML as a person reads it: paragraphs, lists, table rows, links, quotes marked with ">".

    With `marks`, lines QUOTE_MARK and SIGNATURE_MARK stand where the HTML says that a quoted mail or a
    signature begins.
    """
    html = html[:HTML_LIMIT]
    if is_hostile(html):
        return re.sub(r"[ \t]{2,}", " ", without_tags(html)).strip()
    if may_hide(html):
        seen = _Writer(marks).write(shown(_clean(html, {**_READ_ATTRIBUTES, "*": {"style", "hidden"}})))
        if without_marks(seen).strip():
            return seen
    return _Writer(marks).write(tokens(_clean(html, _READ_ATTRIBUTES)))


def _clean(html: str, attributes: dict[str, set[str]]) -> str:
    import nh3  # 2 MB: for who is sent HTML

    return nh3.clean(
        html,
        tags=_READ_TAGS,
        attributes=attributes,
        clean_content_tags=CLEAN_CONTENT,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
    )


def without_marks(text: str) -> str:
    """The text as it is read: the lines that were marks are gone."""
    return _MARK_LINES.sub("", text).strip("\n") if QUOTE_MARK in text or SIGNATURE_MARK in text else text


def has_hints(html: str) -> bool:
    """True when a mail program set a quoted mail or a signature apart in this HTML."""
    head = html[:HTML_LIMIT]
    return bool(_QUOTE_HINT.search(head) or _SIGNATURE_HINT.search(head) or "stopSpelling" in head)


def mark_of(name: str, attributes: str) -> str:
    """The mark for an element by which a mail program sets the quoted mail or the signature apart, else ""."""
    if not attributes:
        return ""
    if (_QUOTE_HINT.search(attributes) and name == "div") or (name == "hr" and 'id="stopSpelling"' in attributes):
        return QUOTE_MARK
    return SIGNATURE_MARK if name == "div" and _SIGNATURE_HINT.search(attributes) else ""


class _Writer:
    """Writes lines from well-formed HTML."""

    def __init__(self, marks: bool) -> None:
        self.marks = marks
        self.lines: list[str] = []
        self.line: list[str] = []
        self.blank = True
        """The last thing written was white space."""
        self.gap = -1
        """A paragraph ended: an empty line is due before the next text, at this depth of quoting; -1 for none."""
        self.quotes = 0
        self.pre = 0
        self.lists: list[int] = []
        self.cell = False
        self.links: list[tuple[str, int]] = []
        self.loose: list[bool] = []
        """For each open block, whether an empty line is due behind it."""

    def write(self, found: Iterator[Token]) -> str:
        for close, name, attributes, text in found:
            if text:
                self._text(unescape(text))
            elif name:
                (self._close if close else self._open)(name, attributes)
        self._break()
        text = "\n".join(self.lines)
        return re.sub(r"\n{3,}", "\n\n", text).strip("\n")

    def _text(self, text: str) -> None:
        if self.pre:
            first, *rest = text.replace("\r", "").split("\n")
            self._put(first)
            for line in rest:
                self._new_line()
                self._put(line)
            return
        words = _SPACES.sub(" ", text)
        if self.blank:
            words = words.lstrip(" ")
        if words:
            self._put(words)
            self.blank = words.endswith(" ")

    def _put(self, words: str) -> None:
        if not words:
            return
        if self.gap >= 0 and self.lines and self.lines[-1].strip("> "):
            self.lines.append(">" * min(self.gap, QUOTES_LIMIT))
        self.gap = -1
        if self.cell and "".join(self.line).strip():
            self.line.append(" | ")
        self.cell = False
        self.line.append(words)

    def _new_line(self) -> None:
        line = "".join(self.line).replace("\xa0", " ")
        line = line.rstrip() if line.strip() != "--" else line.lstrip()
        self.lines.append(f"{'>' * min(self.quotes, QUOTES_LIMIT)} {line}".rstrip() if self.quotes else line)
        self.line, self.blank, self.cell = [], True, False

    def _break(self) -> None:
        line = "".join(self.line)
        # A paragraph of one no-break space is how Word writes an empty line.
        if line.strip() or "\xa0" in line or (self.pre and line):
            self._new_line()
        else:
            self.line = []
        self.blank = True

    def _open(self, name: str, attributes: str) -> None:
        if name == "br":
            self._new_line()
        elif name == "a":
            self.links.append((dict(_ATTRIBUTES.findall(attributes)).get("href", ""), len(self.line)))
        elif name == "img":
            alt = unescape(dict(_ATTRIBUTES.findall(attributes)).get("alt", "")).strip()
            if alt:
                self._text(f"[{alt}]")
        elif name in ("td", "th"):
            self.cell = True
            self.blank = True
        elif name not in ("span", "b"):
            self._open_block(name, attributes)

    def _open_block(self, name: str, attributes: str) -> None:
        self._break()
        mark = self.marks and mark_of(name, attributes)
        if mark:
            self.lines.append(mark)
        # Word writes every line as a paragraph without space around it.
        is_apart = name in PARAGRAPHS and "MsoNormal" not in attributes
        is_apart = is_apart or (name in ("ul", "ol", "dl") and not self.lists)
        if is_apart and self.lines:
            self.gap = self.quotes
        self.loose.append(is_apart or name == "table")
        if name == "blockquote":
            self.quotes += 1
        elif name == "pre":
            self.pre += 1
        elif name in ("ul", "ol"):
            start = dict(_ATTRIBUTES.findall(attributes)).get("start", "1")
            self.lists.append(-1 if name == "ul" else int(start) if start.isdecimal() and len(start) < 6 else 1)
        elif name == "li":
            self._put("  " * max(0, len(self.lists) - 1) + self._bullet())
            self.blank = True
        elif name == "hr":
            self._put("---")
            self._new_line()

    def _bullet(self) -> str:
        if not self.lists or self.lists[-1] < 0:
            return "- "
        self.lists[-1] += 1
        return f"{self.lists[-1] - 1}. "

    def _close(self, name: str, attributes: str) -> None:
        if name == "a":
            self._close_link()
        elif name in ("td", "th"):
            self.blank = True
        elif name not in ("span", "b"):
            self._break()
            self.quotes -= name == "blockquote"
            self.pre -= name == "pre"
            if self.loose and self.loose.pop():
                self.gap = self.quotes
            if name in ("ul", "ol") and self.lists:
                self.lists.pop()

    def _close_link(self) -> None:
        href, start = self.links.pop() if self.links else ("", 0)
        href = unescape(href).strip()
        shown = "".join(self.line[start:]).strip()
        bare = href.removeprefix("mailto:").removeprefix("tel:").rstrip("/")
        if not shown or not href or _same(shown, bare):
            return
        self._put(f" ({bare if href.startswith(('mailto:', 'tel:')) else href})")


def _same(shown: str, href: str) -> bool:
    return re.sub(r"^https?://(www\.)?", "", shown.rstrip("/")) in re.sub(r"^https?://(www\.)?", "", href)
