"""HTML from strangers, made safe to show.

nh3 does the parsing and the cleaning; before it stand caps on size, depth and re-opened formatting, since a parser that
follows the HTML rules can be made to grow a page without end.
"""

import re
from html import escape, unescape

from gateway.mail.hidden import may_hide, without_hidden

HTML_LIMIT = 1024 * 1024
"""Characters of HTML that are read."""
DEPTH_LIMIT = 500
GROWTH_LIMIT = 200_000
"""Formatting elements that open ones may be repeated into."""
TAGS_LIMIT = 100_000
TAG_LIMIT = 16 * 1024
FORMATTING = frozenset((
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
))
FLAT = frozenset((
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr", "p", "li", "td", "th", "tr", "dt", "dd", "option", "tbody", "thead", "tfoot", "html", "head", "body",
    "o:p",
))
"""Elements that do not nest when left open."""

STYLES = {
    "color", "background-color", "font-family", "font-size", "font-style", "font-weight", "line-height",
    "list-style-type", "text-align", "text-decoration", "vertical-align", "white-space", "border",
    "border-left", "border-top", "border-right", "border-bottom", "border-collapse", "border-color", "padding",
    "padding-left", "padding-top", "padding-right", "padding-bottom", "width", "max-width", "direction",
}
"""Style properties that cannot cover the page or fetch anything."""

_TAGS = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:]{0,30})")
_DATA = re.compile(r"data:[a-z/+.-]{1,60};base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)
CLEAN_CONTENT = {
    "script", "style", "title", "head", "xml", "template", "noscript", "object", "applet", "select", "textarea",
    "svg", "math", "audio", "video",
}


def sanitise(html: str, *, remote_images: bool = False) -> str:
    """The HTML without anything that acts, covers, fetches or is hidden; images only by cid: or data:, unless the
    agent asked."""
    html = html[:HTML_LIMIT]
    if is_hostile(html):
        return f"<pre>{escape(without_tags(html))}</pre>"
    if may_hide(html):
        html = without_hidden(_clean(html, remote_images, keeps_hidden=True)) or html
    return _clean(html, remote_images)


def _clean(html: str, remote_images: bool, *, keeps_hidden: bool = False) -> str:
    import nh3  # 2 MB: for who is sent HTML

    def keep(tag: str, attribute: str, value: str) -> str | None:
        scheme = value.strip()[:12].lower()
        if attribute == "src":
            is_local = scheme.startswith(("cid:", "data:image/"))
            return value if is_local or (remote_images and scheme.startswith(("http:", "https:"))) else None
        if attribute == "href":
            return None if scheme.startswith(("cid:", "data:")) else value
        return value

    everywhere = {"style", "dir", "lang", "title", "align"}
    attributes = {
        **nh3.ALLOWED_ATTRIBUTES,
        "*": everywhere | ({"hidden"} if keeps_hidden else set()),
        "img": {"src", "alt", "width", "height"},
        "a": {"href", "hreflang"},
        "font": {"color", "size", "face"},
        "td": {"colspan", "rowspan", "width", "valign", "bgcolor"},
        "table": {"width", "border", "cellpadding", "cellspacing", "bgcolor"},
    }
    return nh3.clean(
        html,
        tags=(nh3.ALLOWED_TAGS | {"font"}),
        attributes=attributes,
        attribute_filter=keep,
        clean_content_tags=CLEAN_CONTENT - {"noscript"},
        filter_style_properties=None if keeps_hidden else STYLES,
        url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
    )


def is_hostile(html: str) -> bool:
    """True when a parser would nest too deeply or grow the page: then only its bare text is shown."""
    if html.count("<") > TAGS_LIMIT:
        return True
    depth = deepest = formatting = growth = 0
    for found in _TAGS.finditer(html):
        name = found[2].lower()
        if name in FLAT:
            growth += formatting
        elif found[1]:
            depth = max(0, depth - 1)
            formatting -= name in FORMATTING and formatting > 0
        else:
            depth += 1
            growth += formatting
            formatting += name in FORMATTING
            deepest = max(deepest, depth)
        if deepest > DEPTH_LIMIT or growth > GROWTH_LIMIT:
            return True
    return any(_is_huge(piece) for piece in html.split("<") if len(piece) > 4000)


def _is_huge(piece: str) -> bool:
    """True for a tag with more attributes than a person's program writes; images within the HTML are long but few
    words."""
    tag = _DATA.sub("", piece.partition(">")[0])
    return len(tag) > TAG_LIMIT or len(re.findall(r"[\s/]", tag)) > 2000


def without_tags(html: str) -> str:
    """The bare text, for HTML that no parser should see."""
    return unescape(" ".join(piece.partition(">")[2] for piece in ("<>" + html).split("<")))
