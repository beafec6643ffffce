"""What a mail is about, as the agents' corrections have taught it: a suggestion with how sure it is.

Naive Bayes over hashed words and letter pairs. All it knows is counts, which only ever grow by one or shrink by one: a
lesson can be taken back, and what several gateways learnt is added up. It decides nothing by itself: see store/lessons.
"""

import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from zlib import crc32

from gateway.mail.words import fold

BUCKETS = 1 << 16
SCAN = 4_000
"""Characters of a text that are looked at."""
MOST_FEATURES = 600
LEAST_LESSONS = 20
"""With fewer nothing is suggested."""

_WORD = re.compile(r"[^\W\d_]+")
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """label: a category or a queue. confidence: 0 to 1."""

    label: str
    confidence: float


def features(subject: str, text: str) -> list[int]:
    """What is counted of a mail, as numbers below BUCKETS, each once.

    Latin words as they are, without their last letters where they are long; of Korean, Japanese and Chinese each pair
    of letters, for their words carry endings and particles, or have no blanks between.
    """
    found: dict[int, None] = {}
    for word in _WORD.findall(fold(f"{subject[:SCAN]}\n{text[:SCAN]}")):
        for piece in _pieces(word):
            found[crc32(piece.encode("utf-8", "surrogatepass")) % BUCKETS] = None
            if len(found) == MOST_FEATURES:
                return [*found]
    return [*found]


def _pieces(word: str) -> Iterable[str]:
    if _UNSPACED.search(word):
        return (first + second for first, second in pairwise(word)) if len(word) > 1 else (word,)
    return (word, word[:5] + "*") if len(word) > 5 else (word,)


class Experience:
    """What was learnt for one kind of label."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[int, int]] = {}
        self._mails: dict[str, int] = {}

    @property
    def lessons(self) -> int:
        """Mails learnt from."""
        return sum(self._mails.values())

    def learn(self, label: str, counted: Collection[int], by: int = 1) -> None:
        """A mail with these features bears this label; by -1 it was a mistake."""
        self.add(label, dict.fromkeys(counted, by), by)

    def add(self, label: str, counts: Mapping[int, int], mails: int) -> None:
        """What `mails` lessons counted for each feature."""
        held = self._counts.setdefault(label, {})
        for feature, count in counts.items():
            held[feature] = held.get(feature, 0) + count
        self._mails[label] = self._mails.get(label, 0) + mails

    def suggest(self, counted: Collection[int]) -> Suggestion | None:
        """The likeliest label; None before enough was learnt, of a mail without words, and with one label only."""
        labels = [label for label, mails in self._mails.items() if mails > 0]
        if self.lessons < LEAST_LESSONS or len(labels) < 2 or not counted:
            return None
        everywhere = {feature: sum(self._seen(label, feature) for label in labels) for feature in counted}
        scores = {label: self._score(label, everywhere) for label in labels}
        best = max(scores, key=lambda label: (scores[label], label))
        # Words come in company, where the formula takes each for a witness of its own: it would always be sure.
        damping = math.sqrt(len(counted))
        return Suggestion(best, 1 / sum(math.exp((score - scores[best]) / damping) for score in scores.values()))

    def _score(self, label: str, everywhere: Mapping[int, int]) -> float:
        """How much more often these features stand in mails of this label than in others."""
        mails = self._mails[label]
        others = self.lessons - mails
        score = math.log((mails + 1) / (others + 1)) - len(everywhere) * math.log((mails + 2) / (others + 2))
        for feature, count in everywhere.items():
            mine = self._seen(label, feature)
            score += math.log((mine + 1) / (count - mine + 1))
        return score

    def _seen(self, label: str, feature: int) -> int:
        return max(self._counts[label].get(feature, 0), 0)
