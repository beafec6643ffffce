"""What an agent may choose from on the page: the categories and queues that the handlers' rules name."""

from collections.abc import Iterable, Iterator

from gateway.desk.pipeline import Desk
from gateway.web.words import Words

PRIORITIES = (5, 4, 3, 2, 1)
STATES = ("alive", "waiting", "pending", "answered", "settled", "any")
IDENTITIES = ("verified-dkim", "verified-spf", "weak", "none", "failed", "unknown")


def categories(desk: Desk) -> list[str]:
    """In the order of the rules; what fits none is last."""
    return _named(desk, "category", "otherwise")


def queues(desk: Desk) -> list[str]:
    return _named(desk, "queue", "quarantine", "bulk", "reports")


def options(words: Words, section: str, values: Iterable[object]) -> list[tuple[object, object]]:
    """Each value with what it is called."""
    return [(value, words.of(section, str(value))) for value in values]


def _named(desk: Desk, of_rule: str, *of_handler: str) -> list[str]:
    return list(dict.fromkeys(_words(desk, of_rule, of_handler)))


def _words(desk: Desk, of_rule: str, of_handler: tuple[str, ...]) -> Iterator[str]:
    named = [getattr(rule, of_rule, None) for _, handler in desk.journey for rule in getattr(handler, "rules", ())]
    named += [getattr(handler, name, None) for _, handler in desk.journey for name in of_handler]
    return (each for each in named if isinstance(each, str) and each)  # what a rule only asks for is a list
