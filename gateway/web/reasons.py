"""The reasons of decisions, as the agent reads them.

They are kept in English, as the desk wrote them when it decided (the history is never written anew). A page in another
language says them by a table of sentences, templates/web/desk/reasons.<language>.toml; a reason that is not in it, an
agent's own words for instance, stands as it is.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from gateway.desk.letters import default_folder
from gateway.web.words import Words

LONGEST = 2_000
"""Characters of a reason that are looked at."""
DEEPEST = 4
"""Sentences within sentences."""
SECTIONS = {"category": "categories", "before": "categories", "queue": "queues"}
"""Places whose values have words of their own."""
_PLACE = re.compile(r"\{(~?)(\w+)\}")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A sentence with places: the texts between them are one more than their names."""

    texts: tuple[str, ...]
    names: tuple[str, ...]
    words: str

    def values(self, sentence: str) -> dict[str, str] | None:
        """What stands in the places; None where it is another sentence. Each text is taken where it comes first, so a
        stranger's words cannot make this slow."""
        if not (sentence.startswith(self.texts[0]) and sentence.endswith(self.texts[-1])):
            return None
        found, at, end = {}, len(self.texts[0]), len(sentence) - len(self.texts[-1])
        for name, text in zip(self.names[:-1], self.texts[1:-1], strict=True):
            following = sentence.find(text, at + 1, end)
            if following < 0:
                return None
            found[name], at = sentence[at:following], following + len(text)
        found[self.names[-1]] = sentence[at:end]
        return found if at < end else None


class Reasons:
    """Says reasons in one language. told: sentences that are known beside the table, such as those about a mail."""

    def __init__(self, words: Words, told: Mapping[str, str] | None = None) -> None:
        self._words, self._told = words, told or {}
        self._whole, self._patterns = _table(words.language)

    def __call__(self, because: str) -> str:
        return self._say(because, DEEPEST)

    def _say(self, because: str, depth: int) -> str:
        if because in self._told:
            return self._told[because]
        if because in self._whole:
            return self._whole[because]
        return next(self._fitting(because, depth), because) if depth and len(because) <= LONGEST else because

    def _fitting(self, because: str, depth: int) -> Iterator[str]:
        for pattern in self._patterns:
            if (values := pattern.values(because)) is not None:
                yield self._fill(pattern.words, values, depth)

    def _fill(self, words: str, values: Mapping[str, str], depth: int) -> str:
        def value(found: re.Match[str]) -> str:
            is_sentence, name = found[1], found[2]
            if is_sentence:
                return self._say(values[name], depth - 1)
            return str(self._words.of(SECTIONS[name], values[name]).unescape()) if name in SECTIONS else values[name]

        return _PLACE.sub(value, words)


@cache
def _table(language: str) -> tuple[dict[str, str], list[Pattern]]:
    """The sentences without places, and those with some."""
    path = default_folder() / "web" / "desk" / f"reasons.{language}.toml"
    said: dict[str, str] = tomllib.loads(path.read_text(encoding="utf-8"))["reasons"] if path.exists() else {}
    whole = {english: words for english, words in said.items() if not _PLACE.search(english)}
    return whole, [_pattern(english, words) for english, words in said.items() if english not in whole]


def _pattern(english: str, words: str) -> Pattern:
    parts = _PLACE.split(english)  # text, mark, name, text ... text
    return Pattern(tuple(parts[::3]), tuple(parts[2::3]), words)
