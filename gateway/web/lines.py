"""The lines of a list as an agent sees them: what is late, how sure we are, how old it is, in their language.

All that has to be worked out for a line is worked out here, so that the page only puts it in its place: a list has
fifty of them, and is drawn anew whenever something comes in.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markupsafe import Markup

from gateway.desk import badges
from gateway.store.queue import WAITING, Line
from gateway.web import signs
from gateway.web.moments import Moments
from gateway.web.words import Words

_LATE = {"bad": " overdue", "doubtful": " soon"}


@dataclass(frozen=True, slots=True)
class Drawn:
    """One line."""

    line: Line
    kind: str
    """What it looks like as a whole: classes of the style."""
    is_ours: bool
    """The next act is ours."""
    state: Markup
    category: Markup
    bars: Markup
    """The priority."""
    tone: str
    """Of the shield, with the words for it."""
    sure: str
    shield: Markup
    age: Markup
    due_tone: str
    due: Markup
    """"" when nothing of ours is due."""


def drawn(lines: Iterable[Line], said: Words, moments: Moments) -> Iterator[Drawn]:
    for line in lines:
        is_ours = line.state in WAITING
        due_tone = moments.tone(line.due) if is_ours else "quiet"
        tone, sure = badges.level(line.identity, said.language)
        yield Drawn(
            line, f"line{' ours-to-do' if is_ours else ''}{_LATE.get(due_tone, '')}", is_ours,
            said.of("states", line.state), said.of("categories", line.category), signs.priority(said, line.priority),
            tone, sure, signs.shield(tone), moments.mark(line.created_at, moments.age(line.created_at)),
            due_tone, moments.mark(line.due, moments.due(line.due)) if is_ours and line.due else Markup())  # fmt: skip
