"""What the agents' pages say, in the agent's language: templates/web/desk/words.<language>.toml.

All languages have the same names; a page asks for one by section and name, such as "queue.empty". What is filled in
is always escaped: it may be a stranger's.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

from gateway.desk.letters import default_folder


class Words:
    """The words of one language. Raises KeyError for a name that is not there: a test asks for all."""

    def __init__(self, language: str, said: Mapping[str, Markup]) -> None:
        self.language = language
        self.said = said

    def __call__(self, name: str, /, **values: object) -> Markup:
        """The words of this name, the values filled in."""
        if not values:
            return self.said[name]
        # Not Markup.format, which takes ten times as long to escape.
        return Markup(str.format(self.said[name], **{each: escape(value) for each, value in values.items()}))  # noqa: S704

    def of(self, section: str, word: str) -> Markup:
        """What a word of a closed set is called; one that a site made up itself, such as a queue's name, is itself."""
        return self.said.get(f"{section}.{word}") or escape(word)

    def has(self, name: str) -> bool:
        return name in self.said


@cache
def all_words() -> dict[str, Words]:
    """By language."""
    return {path.suffixes[0][1:]: _read(path) for path in sorted(_folder().glob("words.*.toml"))}


def words(language: str) -> Words:
    """The words of a language, or English ones."""
    known = all_words()
    return known.get(language, known["en"])


def _folder() -> Path:
    return default_folder() / "web" / "desk"


def _read(path: Path) -> Words:
    sections = tomllib.loads(path.read_text(encoding="utf-8"))
    said = {f"{section}.{name}": escape(text) for section, names in sections.items() for name, text in names.items()}
    return Words(path.suffixes[0][1:], said)
