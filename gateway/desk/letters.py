"""Letters: templates/<language>/<name>.txt become subject, text and HTML.

A template shows what the customer reads: its first line is `Subject: ...`, then an empty line, then the body. The
HTML part of every letter is made from the same words by one layout, templates/letter.html. Templates are Jinja2 in a
sandbox; a name outside the closed set below is an error when the gateway starts, not when a customer waits.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup, escape

from gateway.config import Site

FIELDS = {
    "site": "our name",
    "number": "the request's number",
    "subject": "the request's subject, the customer's words",
    "name": "the customer's name as they write it, or nothing",
    "agent": "the name of the agent who has the request, or nothing",
    "text": "what the agent wrote",
    "quoted": 'the customer\'s last mail, each line behind "> "',
    "received": "when that mail came, local time",
    "due": "when we mean to have answered, local time, or nothing",
    "expires": "until when the proof is waited for, local time",
    "days": "a number of days",
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

_LINK = re.compile(r"mailto:[^\s<>\"']+|(?<![\w.+@-])[A-Za-z0-9.+_-]+@[A-Za-z0-9.-]+[A-Za-z0-9]")


class LetterError(Exception):
    """A template that is missing or broken; the sentence names the file."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One letter in words."""

    subject: str
    text: str
    html: str


def default_folder() -> Path:
    """The templates that came along: in the wheel, or beside the package in a checkout."""
    carried = Path(__file__).parent.parent / "_data" / "templates"
    return carried if carried.exists() else Path(__file__).parent.parent.parent / "templates"


class Letters:
    """All letters of one site, compiled once."""

    def __init__(self, folder: Path | None, site: Site) -> None:
        self.folder, self.site = folder or default_folder(), site
        self._environment = SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=False,
                                                 trim_blocks=True, lstrip_blocks=True)
        self._compiled: dict[Path, Template] = {}

    def check(self) -> list[str]:
        """What is wrong with the templates, a sentence each with file and line; nothing when all is well."""
        faults = []
        for name in sorted(self._names()):
            for language in self.site.languages:
                try:
                    self._check_one(self._path(name, language))
                except LetterError as error:
                    faults.append(str(error))
        try:
            self._layout()
        except LetterError as error:
            faults.append(str(error))
        return faults

    def render(self, template: str, language: str, fields: Mapping[str, str]) -> Rendered:
        """A letter in the customer's language, or in the site's first one. Raises LetterError."""
        language = language if language in self.site.languages else self.site.languages[0]
        values = {**dict.fromkeys(FIELDS, ""), **fields}
        whole = self._template(self._path(template, language)).render(values)
        subject, _, body = whole.removeprefix("Subject:").partition("\n")
        text = re.sub(r"\n{3,}", "\n\n", body.strip()) + "\n"
        html = self._layout().render(site=self.site.name, language=language, number=values["number"],
                                     blocks=list(_blocks(text)))
        return Rendered(" ".join(subject.split()), text, html)

    # ---- files ----

    def _names(self) -> set[str]:
        """Every letter that any of the site's languages has, beside those that came along."""
        folders = [folder / language for folder in (self.folder, default_folder()) for language in self.site.languages]
        return {path.stem for folder in folders for path in folder.glob("*.txt")}

    def _path(self, name: str, language: str) -> Path:
        return self.folder / language / f"{name}.txt"

    def _layout(self) -> Template:
        return self._template(self.folder / "letter.html", autoescape=True)

    def _check_one(self, path: Path) -> None:
        source = self._read(path)
        first, _, rest = source.partition("\n")
        if not first.startswith("Subject:") or not rest.startswith("\n"):
            raise LetterError(f"{path}:1: a letter begins with a line 'Subject: ...' and an empty line")
        unknown = meta.find_undeclared_variables(self._parse(path, source)) - set(FIELDS)
        if unknown:
            name = min(unknown)
            line = next((n for n, text in enumerate(source.splitlines(), 1) if name in text), 1)
            raise LetterError(f"{path}:{line}: there is no {name!r}; allowed: {', '.join(FIELDS)}")
        self._template(path)

    def _template(self, path: Path, autoescape: bool = False) -> Template:
        if path not in self._compiled:
            source = self._read(path)
            self._parse(path, source)
            environment = self._environment.overlay(autoescape=autoescape)
            self._compiled[path] = environment.from_string(source)
        return self._compiled[path]

    def _parse(self, path: Path, source: str) -> nodes.Template:
        try:
            return self._environment.parse(source)
        except TemplateSyntaxError as error:
            raise LetterError(f"{path}:{error.lineno}: {error.message}") from None
        except TemplateError as error:
            raise LetterError(f"{path}: {error}") from None

    def _read(self, path: Path) -> str:
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise LetterError(f"{path}: this template cannot be read: {error}") from None


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph of a letter, ready for HTML. kind: text, list or quote."""

    kind: str
    lines: list[Markup]


def _blocks(text: str) -> "list[Block]":
    blocks = []
    for paragraph in re.split(r"\n\s*\n", text.strip("\n")):
        lines = paragraph.splitlines()
        if all(line.startswith(">") for line in lines):
            blocks.append(Block("quote", [escape(line[1:].removeprefix(" ")) for line in lines]))
        elif all(line.startswith("- ") for line in lines):
            blocks.append(Block("list", [_linked(line[2:]) for line in lines]))
        else:
            blocks.append(Block("text", [_linked(line) for line in lines]))
    return blocks


def _linked(line: str) -> Markup:
    """The line with our own addresses as links. Only capability addresses are: nothing a stranger wrote becomes one."""
    result, position = Markup(), 0
    for found in _LINK.finditer(line):
        address = found[0].removeprefix("mailto:")
        result += escape(line[position : found.start()])
        is_ours = "+" in address and "." in address.partition("@")[0]
        result += Markup('<a href="mailto:{0}">{0}</a>').format(address) if is_ours else escape(found[0])
        position = found.end()
    return result + escape(line[position:])
