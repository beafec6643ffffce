"""The lines of a list as an agent sees them: what is late, how sure we are, how old it is, in their language.

A list has fifty of them and is drawn anew, for everybody who looks at it, whenever something comes in, though all but
one line look as they did. So a line (templates/web/desk/line.html) is drawn once for as long as nothing on it changes.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from markupsafe import Markup

from gateway.desk import badges
from gateway.store.queue import WAITING, Line
from gateway.web import signs
from gateway.web.moments import Moments
from gateway.web.sheets import Sheets
from gateway.web.words import words

MOST_KEPT = 2_000
"""Lines that are remembered, some 2 KB each."""
_LATE = {"bad": " overdue", "doubtful": " soon"}


class Look(NamedTuple):
    """All that can be seen of a request in a list: where it is the same, the line is."""

    number: str
    subject: str
    state: str
    category: str
    language: str
    priority: int
    owner: str
    is_held: bool
    identity: str
    customer: str
    customer_name: str
    created_at: datetime
    age: Markup
    due: datetime | None
    """None where nothing of ours is due."""
    left: Markup
    """How long until then."""
    tone: str
    """Of what is due."""


class Lines:
    """The lines of one site's lists."""

    def __init__(self, sheets: Sheets, zone: ZoneInfo) -> None:
        self._sheets, self._zone = sheets, zone
        self._drawn = lru_cache(MOST_KEPT)(self._draw)

    def drawn(self, lines: Iterable[Line], moments: Moments) -> list[Markup]:
        return [self._drawn(_look(each, moments), moments.words.language) for each in lines]

    def _draw(self, look: Look, language: str) -> Markup:
        said, is_ours = words(language), look.state in WAITING
        tone, _ = badges.level(look.identity, language)  # the sentence is for the page of the request: fifty are 7 KB
        moments = Moments(look.created_at, self._zone, said)
        return Markup(self._sheets.draw(  # noqa: S704 - a template's
            "line", language, line=look, kind=f"line{' ours-to-do' if is_ours else ''}{_LATE.get(look.tone, '')}",
            is_ours=is_ours, state=said.of("states", look.state), category=said.of("categories", look.category),
            bars=signs.priority(said, look.priority), tone=tone,
            sure=said.of("identity", look.identity), shield=signs.shield(tone),
            age=moments.mark(look.created_at, look.age), due=moments.mark(look.due, look.left) if look.due else ""))


def _look(line: Line, moments: Moments) -> Look:
    due = line.due if line.state in WAITING else None
    return Look(line.number, line.subject, line.state, line.category, line.language, line.priority, line.owner,
                line.is_held, line.identity, line.customer, line.customer_name, line.created_at,
                moments.age(line.created_at), due, moments.due(due) if due else Markup(), moments.tone(due))
