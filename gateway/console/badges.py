"""The badges of desk/badges on a terminal: in colour, short for a table, whole for a page."""

from rich.text import Text

from gateway.console import plain
from gateway.desk import badges
from gateway.desk.badges import Badge

STYLES = {badges.GOOD: "green", badges.DOUBTFUL: "yellow", badges.BAD: "bold red", badges.QUIET: "dim"}
QUIET, DOUBTFUL = STYLES[badges.QUIET], STYLES[badges.DOUBTFUL]


def level(word: str) -> Text:
    """The identity level of one mail."""
    return Text(word, STYLES[badges.level(word)[0]])


def short(badge: Badge, word: str, width: int) -> Text:
    """For a table: the word, and below it the beginning of the sentence."""
    because = plain.line(badge.because, width)
    return Text.assemble((word, STYLES[badge.tone]), (f"\n{because}" if because else "", QUIET))


def whole(badge: Badge, word: str) -> Text:
    """For a page: the word and the sentence, without saying the word twice."""
    because, style = plain.line(badge.because, 600), STYLES[badge.tone]
    if because.casefold().startswith(word.casefold()):
        return Text.assemble((because[: len(word)], style), because[len(word) :])
    return Text.assemble((word, style), f". {because}" if because else "")
