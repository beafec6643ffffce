"""Small things that stand on every page of the desk, some a hundred times: icons, faces, bars.

They are made here and not by macros, and each once: a macro costs as much as all else that a line of the list says.
"""

from functools import lru_cache

from markupsafe import Markup

from gateway.web import assets
from gateway.web.words import Words

SHIELDS = {"good": "shield-check", "doubtful": "shield-question-mark", "bad": "shield-x"}
"""The icon of a badge's tone."""


@lru_cache(1000)
def icon(name: str, label: str = "") -> Markup:
    """A drawing of icons.svg; without a label it is passed over when a page is read aloud."""
    told = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="icon" {}><use href="{}#{}"/></svg>').format(told, assets.address("icons.svg"), name)


def shield(tone: str, label: str = "") -> Markup:
    """How sure we are."""
    return icon(SHIELDS.get(tone, "shield"), label)


@lru_cache(1000)
def face(name: str) -> Markup:
    """The first letter of somebody's name."""
    return Markup('<span class="face" aria-hidden="true">{}</span>').format(name[:1].upper())


@lru_cache(100)
def priority(words: Words, n: int) -> Markup:
    """Bars, 1 to 5."""
    told = words("queue.priority", n=n)
    return Markup('<svg role="img" aria-label="{}"><use href="{}#p{}"/></svg>').format(
        told, assets.address("bars.svg"), n)
