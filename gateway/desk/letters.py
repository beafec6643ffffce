"""Letters: templates/<language>/<name>.txt become subject, text and HTML.

A template shows what the customer reads: its first line is `Subject: ...`, then an empty line, then the body. The
HTML part of every letter is made from the same words by one layout, templates/letter.html. Templates are Jinja2 in a
sandbox; a name outside the closed set below is an error when the gateway starts, not when a customer waits.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from traceback import extract_tb
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, meta
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup, escape

from gateway.config import Site

FIELDS = {
    "site": "our name",
    "number": "the request's number",
    "subject": 'the request\'s subject, the customer\'s words, without "Re:" and the number',
    "name": "the customer's name as they write it, or nothing",
    "agent": "the name of the agent who has the request, or nothing",
    "text": "what the agent wrote",
    "quoted": 'the customer\'s last mail, each line behind "> "',
    "received": "when that mail came, local time",
    "due": "when we mean to have answered, local time, or nothing",
    "expires": "until when the proof is waited for, local time",
    "days": "a number of days",
    "asked": '"yes" when it was a question of ours that waits for an answer',
    "account": "the account that the proof is asked for, as the customer file writes it, or nothing",
    "link": "the page that answers for the mailbox at a press, or nothing",
    "progress": "the page that shows how the request is getting on, or nothing",
    "reply_address": "where an answer goes: it belongs to the request",
    "rate_1": "address that rates with 1 (bad)",
    "rate_2": "address that rates with 2",
    "rate_3": "address that rates with 3",
    "rate_4": "address that rates with 4",
    "rate_5": "address that rates with 5 (good)",
    "no_subject": '"yes" when the mail came without a telling subject',
    "no_details": '"yes" when its text is empty or tiny',
    "no_attachment": '"yes" when it speaks of an attachment that is not there',
}
"""Every name a template may use; one that has no value for a letter is empty."""

LONG = ("text", "quoted")
"""Values of several lines; all others are one line, whatever a stranger's mail put there."""
OURS = ("reply_address", "link", "progress", "rate_1", "rate_2", "rate_3", "rate_4", "rate_5")
"""Addresses and the page of ours, the only ones that become links: nothing that a stranger wrote does."""
LONGEST = 200
"""Characters of a value of one line."""

LONGEST_QUOTE = 10_000
"""Characters of the customer's mail that a letter quotes."""

_ANSWERS = re.compile(r"(?:\s*(?:re|fwd?|aw|wg|답장|회신|전달)\s{0,3}[:：])+\s*", re.IGNORECASE)


class LetterError(Exception):
    """A template that is missing or broken; the sentence names the file."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One letter in words."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph of a letter, ready for HTML. kind: text, list, choice (a list of links) or quote."""

    kind: str
    lines: list[Markup]

    @property
    def html(self) -> Markup:
        """The lines below each other."""
        return Markup("<br>".join(self.lines))  # noqa: S704  each line is escaped


class _Sandbox(SandboxedEnvironment):
    """What is asked of paragraphs for each letter is known to be harmless, and looked at no further."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, Block):
            return attr in ("kind", "lines", "html")
        return super().is_safe_attribute(obj, attr, value)


def default_folder() -> Path:
    """The templates that came along: in the wheel, or beside the package in a checkout."""
    carried = Path(__file__).parent.parent / "_data" / "templates"
    return carried if carried.exists() else Path(__file__).parent.parent.parent / "templates"


class Letters:
    """All letters of one site, compiled once."""

    def __init__(self, folder: Path | None, site: Site) -> None:
        self.folder, self.site = folder or default_folder(), site
        self._environment = _Sandbox(undefined=StrictUndefined, keep_trailing_newline=False, trim_blocks=True,
                                     lstrip_blocks=True)
        self._compiled: dict[Path, Template] = {}
        self._used: dict[Path, frozenset[str]] = {}
        self._paths: dict[tuple[str, str], Path] = {}
        self._layout = self.folder / "letter.html"

    def check(self) -> list[str]:
        """What is wrong with the templates, a sentence each with file and line; nothing when all is well."""
        paths = [self._path(name, language) for name in sorted(self.names) for language in self.site.languages]
        return [fault for path in [*paths, self._layout] for fault in self._faults(path)]

    def names_in(self, template: str, language: str) -> frozenset[str]:
        """The fields that a letter makes use of: no other has to be made for it. Raises LetterError."""
        path = self._path(template, self._one_of_ours(language))
        if path not in self._used:
            self._template(path)  # what cannot be parsed is told here
            self._used[path] = frozenset(meta.find_undeclared_variables(self._environment.parse(self._read(path))))
        return self._used[path]

    def render(self, template: str, language: str, fields: Mapping[str, str]) -> Rendered:
        """A letter in the customer's language, or in the site's first one. Raises LetterError."""
        language = self._one_of_ours(language)
        values = {**dict.fromkeys(FIELDS, ""), **{name: _tidy(name, value) for name, value in fields.items()}}
        values["subject"] = _bare(values["subject"], values["number"])
        subject, body = self._words(self._path(template, language), values)
        text = re.sub(r"\n{3,}", "\n\n", body.strip()) + "\n"
        ours = dict.fromkeys(address for name in OURS if (address := values[name]))
        html = self._template(self._layout).render(
            site=self.site.name, language=language, number=values["number"], subject=subject,
            blocks=_blocks(text, ours, values["number"]))
        return Rendered(subject, text, html)

    def _one_of_ours(self, language: str) -> str:
        return language if language in self.site.languages else self.site.languages[0]

    def _words(self, path: Path, values: Mapping[str, str]) -> tuple[str, str]:
        try:
            whole = self._template(path).render(values)
        except TemplateError as error:
            raise LetterError(f"{path}: {error}") from None
        subject, _, body = whole.removeprefix("Subject:").partition("\n")
        return " ".join(subject.split()).removesuffix(":"), body

    # ---- files ----

    @property
    def names(self) -> set[str]:
        """Every letter that any of the site's languages has, beside those that came along."""
        folders = [folder / language for folder in (self.folder, default_folder()) for language in self.site.languages]
        return {path.stem for folder in folders for path in folder.glob("*.txt")}

    def _path(self, name: str, language: str) -> Path:
        if (name, language) not in self._paths:
            self._paths[name, language] = self.folder / language / f"{name}.txt"
        return self._paths[name, language]

    def _faults(self, path: Path) -> Iterator[str]:
        try:
            source = self._read(path)
            if path != self._layout:
                self._check_words(path, source)
            self._rehearse(path)
        except LetterError as error:
            yield str(error)

    def _check_words(self, path: Path, source: str) -> None:
        first, _, rest = source.partition("\n")
        if not first.startswith("Subject:") or not rest.startswith("\n"):
            raise LetterError(f"{path}:1: a letter begins with a line 'Subject: ...' and an empty line")
        if unknown := self.names_in(path.stem, path.parent.name) - set(FIELDS):
            name = min(unknown)
            line = next((n for n, text in enumerate(source.splitlines(), 1) if re.search(rf"\b{name}\b", text)), 1)
            raise LetterError(f"{path}:{line}: there is no {name!r}; allowed: {', '.join(FIELDS)}")

    def _rehearse(self, path: Path) -> None:
        """Some faults show only when a template runs: it runs here first, with every field empty and all full."""
        blocks = [Block(kind, [Markup("x")]) for kind in ("text", "list", "choice", "quote")]
        for value in ("", "x"):
            try:
                self._template(path).render(dict.fromkeys(FIELDS, value), language="en", blocks=blocks)
            except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
                places = [each.lineno for each in extract_tb(error.__traceback__) if each.filename == "<template>"]
                raise LetterError(f"{path}:{places[-1] if places else 1}: {error}") from None

    def _template(self, path: Path) -> Template:
        if path not in self._compiled:
            environment = self._environment.overlay(autoescape=path.suffix == ".html")
            try:
                template = self._compiled[path] = environment.from_string(self._read(path))
            except TemplateSyntaxError as error:
                raise LetterError(f"{path}:{error.lineno}: {error.message}") from None
            template.globals = dict(template.globals)  # each letter begins with a copy, and a ChainMap is slow to copy
        return self._compiled[path]

    def _read(self, path: Path) -> str:
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise LetterError(f"{path}: this template cannot be read: {error}") from None


# ---- values ----------------------------------------------------------------------------------------------------------


def _tidy(name: str, value: str) -> str:
    if name == "quoted" and len(value) > LONGEST_QUOTE:
        value = value[:LONGEST_QUOTE].rpartition("\n")[0] + "\n> …"
    if name in LONG:
        return value.replace("\r\n", "\n").strip("\n")
    return " ".join(value.split())[:LONGEST].strip()


def _bare(subject: str, number: str) -> str:
    """The customer's own words: without "Re:" and our number, which the letter's subject carries anyway."""
    before = ""
    while subject != before:
        before = subject
        subject = _ANSWERS.sub("", subject, count=1).strip() if _ANSWERS.match(subject) else subject
        subject = subject.removeprefix(f"[{number}]").strip() if number else subject
    return subject


# ---- HTML ------------------------------------------------------------------------------------------------------------


def _blocks(text: str, ours: Collection[str], number: str) -> Iterator[Block]:
    for paragraph in re.split(r"\n[ \t]*\n", text.strip("\n")):
        held = tuple([each for each in ours if each in paragraph])
        yield _block(paragraph, held, number if held or number in paragraph else "")


@lru_cache(200)
def _block(paragraph: str, ours: tuple[str, ...], number: str) -> Block:
    """With what of ours stands in it: most paragraphs hold nothing of the kind, and are the same in every letter."""
    lines = paragraph.splitlines()
    if all(line.startswith(">") for line in lines):
        return Block("quote", [escape(line[1:].removeprefix(" ")) for line in lines])
    if not all(line.startswith("- ") for line in lines):
        return Block("text", [_linked(line, ours, number) for line in lines])
    if ours and all(line.endswith(ours) for line in lines):
        return Block("choice", [_choice(line[2:], ours, number) for line in lines])
    return Block("list", [_linked(line[2:], ours, number) for line in lines])


def _linked(line: str, ours: tuple[str, ...], number: str) -> Markup:
    """The line with each address as a link; no mail program breaks the number at its hyphens."""
    shown = str(escape(line))
    for each in ours:
        address, kind = str(escape(each)), "" if "://" in each else "mailto:"
        shown = shown.replace(address, f'<a href="{kind}{address}" style="color:#1a5fb4">{address}</a>')
    if number:
        shown = shown.replace(number, f'<span style="white-space:nowrap">{escape(number)}</span>')
    return Markup(shown)  # noqa: S704  each part is escaped


def _choice(line: str, ours: tuple[str, ...], number: str) -> Markup:
    """"good: address" as a link that is called "good"; with a subject, which some mail programs insist on."""
    address = next(each for each in ours if line.endswith(each))
    label = line.removesuffix(address).strip(" :")
    link = Markup('<a href="mailto:{0}?subject={1}" style="color:#1a5fb4;text-decoration:none">{2}</a>')
    return link.format(address, number, label or address)
