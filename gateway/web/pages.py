"""What the pages say: templates/web/<language>/<page>.html, in the layout and style of templates/web.

Every page but one is made once, when the gateway starts, and served as it is: nothing that a visitor sends is ever
written into one, a fault in a template stops the start and not a customer, and two answers with one page are the same
to the octet. The one that shows how a request is getting on is made for each look.
"""

import re
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)

from gateway.config import Site
from gateway.desk.letters import LetterError, default_folder
from gateway.desk.visit import Progress, Said, Step

NAMES = ("confirm", "thanks", "nothing", "crowded", "trouble")
"""The question, its answer; what is said where nothing is, to who comes too often, and when we cannot."""
SOME_DAY = datetime(2026, 11, 23, tzinfo=UTC)
REHEARSAL = Progress(
    "", "", "answered", False, (Step("sent", "done", SOME_DAY), Step("answered", "now"), Step("resolved", "ahead")),
    (Said(SOME_DAY, "answer", "x", "x"), Said(SOME_DAY, "letter", "x", "")), may_rate=True, rating=3)  # fmt: skip
"""A page with something of everything."""
LONGEST_WISH = 200
"""Characters of Accept-Language that are read."""


class Pages:
    """All pages of one site. Raises LetterError, with the file, when a template is missing or broken."""

    def __init__(self, site: Site) -> None:
        self._site = site
        own = [site.templates / "web"] if site.templates else []
        folders = [*own, default_folder() / "web"]
        self._loader = ChoiceLoader([FileSystemLoader(each) for each in folders])
        self._environment = Environment(loader=self._loader, autoescape=True, undefined=StrictUndefined,
                                        trim_blocks=True, lstrip_blocks=True)
        spoken = {each.name for folder in folders for each in folder.glob("*/")}
        self.languages = tuple(each for each in site.languages if each in spoken) or ("en",)
        self._style = self._read_style()
        self._made = {(name, language): self._make(name, language) for name in NAMES for language in self.languages}
        for language in self.languages:  # one look beforehand: a fault is the operator's to see, not a customer's
            self.progress(REHEARSAL, language)

    def page(self, name: str, language: str) -> bytes:
        """A page as UTF-8."""
        return self._made[name, language]

    @property
    def style_source(self) -> str:
        """The one style that a browser may apply (CSP Level 3 section 2.3.1, hash-source)."""
        return f"'sha256-{b64encode(sha256(self._style.encode()).digest()).decode()}'"

    def language(self, named: str, accepted: str) -> str:
        """The language that the link names; else what the browser likes best (RFC 9110 section 12.5.4); else ours."""
        wanted = [named, *_by_preference(accepted[:LONGEST_WISH])]
        primary = (each.partition("-")[0].strip().lower() for each in wanted)
        return next((each for each in primary if each in self.languages), self.languages[0])

    def progress(self, seen: Progress, language: str) -> bytes:
        """How a request is getting on, as UTF-8."""
        return self._make("progress", language, seen=seen, local=self._local)

    def _local(self, moment: datetime) -> str:
        return moment.astimezone(ZoneInfo(self._site.timezone)).strftime("%Y-%m-%d %H:%M")

    def _make(self, name: str, language: str, **facts: object) -> bytes:
        others = [each for each in self.languages if each != language]
        try:
            template = self._environment.get_template(f"{language}/{name}.html")
            return template.render(site=self._site.name, support=self._site.support[0], style=self._style, name=name,
                                   language=language, others=others, **facts).encode()
        except (TemplateError, TypeError, ValueError) as error:
            raise _fault(f"{language}/{name}.html", error) from None

    def _read_style(self) -> str:
        try:
            return self._loader.get_source(self._environment, "style.css")[0]
        except (TemplateError, ValueError) as error:
            raise _fault("style.css", error) from None


def _fault(file: str, error: Exception) -> LetterError:
    if isinstance(error, TemplateNotFound):
        return LetterError(f"templates/web/{error.name}: this page is missing")
    where = f"{error.filename}:{error.lineno}" if isinstance(error, TemplateSyntaxError) else f"templates/web/{file}"
    return LetterError(f"{where}: {error}")


def _by_preference(accepted: str) -> list[str]:
    ranges = [each.partition(";") for each in accepted.split(",")]
    weighed = [(_weight(parameter), name) for name, _, parameter in ranges]
    return [name for weight, name in sorted(weighed, key=lambda each: -each[0]) if weight > 0]


def _weight(parameter: str) -> float:
    found = re.fullmatch(r"\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*", parameter)
    return float(found[1]) if found else float(not parameter.strip())
