"""What DNS said a while ago. Bounded in time, in number and in octets, for strangers write the answers."""

from collections import OrderedDict

from gateway.authentication.answer import NEGATIVE, TROUBLE, Answer

SHORTEST, LONGEST = 5, 3600
"""Seconds: bounds within which an answer is remembered, whatever its TTL."""
MAX_TTL = 2**31
"""A longer one counts as nought (RFC 2181 section 8)."""
MAX_ANSWERS, MAX_OCTETS = 20_000, 64_000_000
ENTRY, VALUE = 500, 60
"""Octets that an entry, and a value in it, take beside their text."""


class Memory:
    """Answers by name and type; the oldest make room for new ones."""

    def __init__(self, answers: int = MAX_ANSWERS, octets: int = MAX_OCTETS):
        self._max_answers, self._max_octets = answers, octets
        self._kept: OrderedDict[tuple[str, str], tuple[float, Answer]] = OrderedDict()
        self._octets = 0

    def recall(self, name: str, type: str, now: float) -> Answer | None:
        """The answer, when it is still good at this moment (seconds of any clock that only goes forward)."""
        until, answer = self._kept.get((name, type), (0.0, None))
        return answer if until > now else None

    def remember(self, name: str, type: str, answer: Answer, now: float) -> None:
        self._drop((name, type))
        self._kept[name, type] = now + lifetime(answer), answer
        self._octets += weight(name, answer)
        while len(self._kept) > self._max_answers or self._octets > self._max_octets:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: tuple[str, str]) -> None:
        if key in self._kept:
            self._octets -= weight(key[0], self._kept.pop(key)[1])


def lifetime(answer: Answer) -> int:
    """Seconds for which an answer is remembered."""
    if answer.is_trouble:
        return TROUBLE
    if answer.is_void:
        return NEGATIVE
    return min(max(answer.ttl if answer.ttl < MAX_TTL else 0, SHORTEST), LONGEST)


def weight(name: str, answer: Answer) -> int:
    """Octets of memory that an answer takes, about."""
    texts = (value[1] if isinstance(value, tuple) else value for value in answer.values)
    return ENTRY + len(name) + sum(VALUE + len(text) for text in texts)
