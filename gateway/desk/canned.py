"""Ready-made texts that agents begin an answer with: templates/<language>/canned/<name>.txt.

The first line is `Title: ...`, then an empty line, then the words. They are templates in the letters' sandbox, with the
few names below; a name outside the closed set is an error when the gateway starts, not when an agent is in a hurry.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import StrictUndefined, TemplateError, meta
from jinja2.sandbox import SandboxedEnvironment

from gateway.desk.letters import LetterError, default_folder

NAMES = ("name", "number", "subject", "agent", "site", "due")
"""What a ready-made text may speak of: the customer's name, the request, who answers, and until when."""
_ENVIRONMENT = SandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


@dataclass(frozen=True, slots=True)
class Canned:
    """One text."""

    name: str
    title: str
    words: str

    def fill(self, values: Mapping[str, str]) -> str:
        """The words with these values; a name without one is empty."""
        return _ENVIRONMENT.from_string(self.words).render({**dict.fromkeys(NAMES, ""), **values}).strip()


def read(own: Path | None, languages: tuple[str, ...]) -> dict[str, list[Canned]]:
    """By language, each by its title. Raises LetterError with the file."""
    folders = {language: _folder(own, language) for language in languages}
    return {language: sorted((_read(path) for path in folder.glob("*.txt")), key=lambda each: each.title)
            for language, folder in folders.items()}


def _folder(own: Path | None, language: str) -> Path:
    """The site's own, where it has any."""
    ours = default_folder() / language / "canned"
    return next((folder for folder in ([own / language / "canned"] if own else []) if folder.is_dir()), ours)


def _read(path: Path) -> Canned:
    try:
        first, _, words = path.read_text(encoding="utf-8").partition("\n")
        unknown = meta.find_undeclared_variables(_ENVIRONMENT.parse(words)) - set(NAMES)
        if not first.startswith("Title: ") or unknown:
            fault = f"there is no {min(unknown)!r}; allowed: {', '.join(NAMES)}" if unknown else "no Title: in line 1"
            raise LetterError(f"{path}: {fault}")
        text = Canned(path.stem, first.removeprefix("Title: ").strip(), words)
        text.fill({})
    except (OSError, UnicodeDecodeError, TemplateError, TypeError, ValueError) as error:
        raise LetterError(f"{path}: {error}") from None
    return text
