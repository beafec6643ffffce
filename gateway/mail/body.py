"""From parts to what is read: which text is the body, which HTML goes with it, and what came along (RFC 2046,
RFC 2183).

Alternatives are two forms of one thing; everything else that is text and not an attachment is joined in order, since
mailers put signatures, list footers and the text between two pictures into parts of their own.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html import escape

from gateway.mail.attachment import Attachment, attachment
from gateway.mail.charsets import GUESSES_LIMIT
from gateway.mail.content import TEXT_LIMIT, octets_of, take_uuencoded, text_of
from gateway.mail.fields import read_header, visible
from gateway.mail.html import HTML_LIMIT
from gateway.mail.opaque import signed_content
from gateway.mail.parameters import Parameters
from gateway.mail.readable import readable, without_marks
from gateway.mail.structure import PART_HEADER_LIMIT, Part, structure
from gateway.mail.unpack import unpack
from gateway.mail.words import decode_words, tidy, with_few_marks

_ENRICHED = re.compile(r"<<|</?[a-zA-Z][a-zA-Z0-9-]{0,60}>")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_NO_CONTROLS = {each: None for each in range(128) if _CONTROLS.match(chr(each))}
_HTML = re.compile(r"\s{0,100}(?:<!doctype html|<html)[\s>]", re.IGNORECASE)
"""What a script sends that knows HTML and no MIME."""
_DELIMITER = re.compile(rb"^--", re.MULTILINE)
_PARAM = re.compile(r"(?is)<param>.{0,200}?</param>")
_NAME_LIMIT = 1000
"""Characters of a subject that is read for the name of a file."""
_NAMED_LIMIT = 50
"""Files without a name that are looked into for one."""
_CALENDARS_LIMIT = 10
_LONGEST_STUB = 300
_SIGNED_KINDS = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_MESSAGE_KINDS = ("message/rfc822", "message/global")
_BODY_KINDS = ("text/plain", "text/html", "text/enriched", "text/richtext", "text/markdown")


@dataclass(frozen=True, slots=True)
class Body:
    """What a message holds, read."""

    text: str
    html: str | None = field(repr=False)
    """As it came; hostile."""
    attachments: tuple[Attachment, ...] = ()
    findings: tuple[str, ...] = ()
    marked: str = ""
    """The text with the marks of html.py where the HTML that it was made from sets quotes and signatures apart."""


@dataclass(slots=True)
class _Piece:
    """One thing said, in one or both forms."""

    plain: str = ""
    html: str = ""
    made: str = ""
    """The text made from the HTML, once it was asked for."""

    @property
    def text(self) -> str:
        """With marks."""
        plain = self.plain.strip(" \t\n\xa0\ufeff")
        if not self.html or (plain and not (len(plain) < _LONGEST_STUB and "html" in plain.lower())):
            return self.plain
        if not self.made:
            self.made = readable(self.html, marks=True)
        # "This mail needs a program that shows HTML" is not what the customer says.
        return self.made if len(self.made) > len(plain) * 2 else self.plain


@dataclass(slots=True)
class _Reading:
    """The state of one walk over the parts."""

    raw: bytes
    hint: str
    files: list[Attachment] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    texts: int = 0
    room: int = TEXT_LIMIT
    html_room: int = HTML_LIMIT // 2
    """Octets of text and characters of HTML that may be read before one more begins; others are listed as files."""
    opens_content: bool = True
    """The first opaque signature, or the message that is all there is, is opened; one within it stays closed."""


def read_body(raw: bytes, root: Part, hint: str) -> Body:
    """The body of a message. Never raises; decodes every part once."""
    reading = _Reading(raw, hint)
    pieces = _merge_doubles(_pieces(root, reading, is_root=True))
    files, winmail = unpack(reading.files)
    if not any(piece.plain.strip() or piece.html.strip() for piece in pieces):
        told = [_preamble(root, reading), *_summaries(files)]
        pieces = [_Piece(winmail.text, winmail.html)] if winmail else [_Piece(each) for each in told]
    texts = [piece.text.strip("\n") for piece in pieces]
    text = "\n\n".join(each.rstrip() for each in texts if each.strip())
    html = None
    if any(piece.html.strip() for piece in pieces):
        html = "\n".join(_as_html(piece) for piece in pieces if piece.html or piece.plain.strip())
    text = _printable(text)
    return Body(without_marks(text), html, tuple(files), tuple(dict.fromkeys(reading.findings)), text)


def _preamble(root: Part, reading: _Reading) -> str:
    """What stands in front of the first part, where no part has text: scripts write a text there whose type they then
    make multipart. What mailers put there for programs without MIME names MIME (RFC 2046 section 5.1.1)."""
    if not root.children:
        return ""
    before = reading.raw[root.start : min(root.children[0].start, root.start + TEXT_LIMIT)]
    end = root.start + (len(before) if (mark := _DELIMITER.search(before)) is None else mark.start())
    text, findings = text_of(reading.raw, replace(root, end=end, type=Parameters("text/plain")), reading.hint)
    text = "\n\n".join(each for each in text.split("\n\n") if "MIME" not in each)
    reading.findings += [*findings, "text-in-preamble"] if text.strip() else []
    return text


def _summaries(files: list[Attachment]) -> Iterator[str]:
    """What the invitations of a mail without any other text say."""
    yield from (each.summary for each in [each for each in files if each.is_calendar][:_CALENDARS_LIMIT])


def _printable(text: str) -> str:
    """Without control characters other than tab and line feed, halves of characters, and heaps of combining marks."""
    if text.isascii():
        return text.translate(_NO_CONTROLS)
    return with_few_marks(_CONTROLS.sub("", text))


def _pieces(part: Part, reading: _Reading, is_root: bool = False, is_first: bool = False) -> list[_Piece]:
    """is_root: there is nothing else; is_first: of the parts beside it."""
    if not part.children:
        return _leaf(part, reading, is_root, is_first)
    if part.kind == "multipart/alternative":
        return _alternative(part, reading)
    if part.kind == "multipart/related":
        return _related(part, reading)
    return [
        piece
        for number, child in enumerate(part.children)
        for piece in _pieces(child, reading, is_root and len(part.children) == 1, number == 0)
    ]


def _leaf(part: Part, reading: _Reading, is_root: bool, is_first: bool) -> list[_Piece]:
    if not _is_body(part, is_root, is_first) or not _has_room(part, reading):
        data = _attach(part, reading)
        if part.kind in _SIGNED_KINDS:
            return _within(signed_content(data), reading) if reading.opens_content else []
        return _within(data.lstrip(b"\r\n"), reading) if is_root and part.kind in _MESSAGE_KINDS else []
    reading.texts += 1
    may_guess = reading.texts <= GUESSES_LIMIT
    text, findings = text_of(reading.raw, part, reading.hint, reading.room, may_guess=may_guess)
    reading.findings += findings
    reading.room -= len(text)
    if part.kind == "text/html" or (not part.header.get("content-type") and _HTML.match(text)):
        reading.html_room -= len(text)
        reading.findings += ["html-too-long"] if len(text) > HTML_LIMIT else []
        return [_Piece(html=text)]
    if part.kind in ("text/enriched", "text/richtext"):
        return [_Piece(plain=_ENRICHED.sub(lambda found: "<" if found[0] == "<<" else "", _PARAM.sub("", text)))]
    text, files = take_uuencoded(text)
    for name, data in files:
        reading.files.append(attachment(name, "application/octet-stream", data, number=len(reading.files) + 1))
    return [_Piece(plain=text)]


def _has_room(part: Part, reading: _Reading) -> bool:
    if reading.room > 0 and (part.kind != "text/html" or reading.html_room > 0):
        return True
    reading.findings.append("text-too-long")
    return False


def _is_body(part: Part, is_root: bool, is_first: bool) -> bool:
    """Text that is meant to be read at once. A named text is a file, except where it is the first or all there is
    (RFC 8621 section 4.1.4)."""
    if part.kind.startswith("multipart/"):
        return True
    if part.disposition.value == "attachment" or not part.kind.startswith("text/"):
        return False
    named = part.disposition.get("filename") or (part.type.get("name") if part.disposition.value else "")
    return (part.kind in _BODY_KINDS and (is_root or is_first or not named)) or (
        is_root and part.kind not in ("text/calendar", "text/csv", "text/vcard", "text/x-vcard", "text/rfc822-headers")
    )


def _alternative(part: Part, reading: _Reading) -> list[_Piece]:
    """The plain form and the HTML form of one thing; calendars and other files among them come along."""
    plain: list[str] = []
    html: list[str] = []
    for number, child in enumerate(part.children):
        if child.kind in ("text/x-amp-html", "text/watch-html"):
            continue
        pieces = _pieces(child, reading, is_first=number == 0)
        plains = [piece.plain for piece in pieces if piece.plain.strip()]
        told = [piece for piece in pieces if piece.html.strip() or piece.plain.strip()]
        htmls = [_as_html(piece) for piece in told] if any(piece.html.strip() for piece in told) else []
        if htmls and not html:
            html = htmls
        if (plains and not plain and not htmls) or (plains and not plain and not html):
            plain = plains
    return [_Piece("\n\n".join(plain), "\n".join(html))] if plain or html else []


def _as_html(piece: _Piece) -> str:
    return piece.html or f"<pre>{escape(piece.plain)}</pre>"


def _related(part: Part, reading: _Reading) -> list[_Piece]:
    """The root first (RFC 2387): the part that start= names, else the first text."""
    start = part.type.get("start").strip("<> ")
    root = next((child for child in part.children if start and _content_id(child) == start), None)
    root = root or next((child for child in part.children if child.is_multipart or child.kind in _BODY_KINDS), None)
    pieces = _pieces(root, reading, is_root=True) if root is not None and root.disposition.value != "attachment" else []
    for child in part.children:
        if child is not root or (not pieces and root.disposition.value == "attachment"):
            pieces += _pieces(child, reading)
    return pieces


def _merge_doubles(pieces: list[_Piece]) -> list[_Piece]:
    """Plain text followed by the same as HTML, sent as mixed instead of alternative, is one thing."""
    done: list[_Piece] = []
    for piece in pieces:
        last = done[-1] if done else None
        if last is not None and piece.html and not piece.plain and last.plain.strip() and not last.html:
            before, now = _essence(last.plain), _essence(piece.text)
            if (
                before
                and now
                and (before in now or now in before)
                and min(len(before), len(now)) * 2 > max(len(before), len(now))
            ):
                last.html = piece.html
                continue
        done.append(piece)
    return done


def _essence(text: str) -> str:
    return re.sub(r"[\W_]+", "", text[:200_000])


def _content_id(part: Part) -> str:
    return visible(part.header.get("content-id")).strip().strip("<>").strip()


def _within(content: bytes, reading: _Reading) -> list[_Piece]:
    """The mail within an opaque signature, or within a mail that is nothing but an envelope (RFC 2046 section 5.2)."""
    if not content or not reading.opens_content:
        return []
    reading.opens_content = False
    root, findings = structure(content)
    within = replace(reading, raw=content)  # the same lists of files and findings
    within.findings += findings
    pieces = _pieces(root, within, is_root=True)
    reading.room, reading.html_room = within.room, within.html_room
    return pieces


def _attach(part: Part, reading: _Reading) -> bytes:
    data, finding = octets_of(reading.raw, part)
    number = len(reading.files) + 1
    name = part.disposition.get("filename") or part.type.get("name") or part.disposition.get("name")
    if not name and number <= _NAMED_LIMIT:
        name = _told_name(part, data, reading.hint, may_guess=number <= GUESSES_LIMIT)
    identity = _content_id(part)
    is_inline = part.disposition.value == "inline" or (bool(identity) and part.disposition.value != "attachment")
    reading.files.append(attachment(name, part.kind, data, number=number, is_inline=is_inline, content_id=identity,
                                    findings=(finding,)))
    return data


def _told_name(part: Part, data: bytes, hint: str, *, may_guess: bool) -> str:
    """A file without a name is called by its description, an attached message by its subject."""
    told = ""
    if part.kind in _MESSAGE_KINDS:
        told = _subject(data, hint, may_guess)
    if not told and part.kind != "message/delivery-status":
        description = part.header.get("content-description")[:_NAME_LIMIT]
        told = tidy(decode_words(description, hint, may_guess=may_guess))
    return told


def _subject(data: bytes, hint: str, may_guess: bool) -> str:
    """An attached message is named by its subject."""
    start = len(data) - len(data.lstrip(b"\r\n"))
    header = read_header(data, start, len(data), PART_HEADER_LIMIT)
    subject = tidy(decode_words(header.get("subject")[:_NAME_LIMIT], hint, may_guess=may_guess))
    subject = subject.replace("/", "_").replace("\\", "_")
    return f"{subject[:150]}.eml" if subject else ""
