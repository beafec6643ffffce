"""Which lines of a text hold one of a few signs? Marks of quotes, rules and signatures are looked for this way: most
texts hold none, and to find that out takes less than one line's look with a regular expression.
"""

from collections.abc import Sequence


def holding(lines: Sequence[str], signs: str) -> list[int]:
    """The places of the lines that hold one of these characters, in order."""
    text = "\n".join(lines)
    there = [sign for sign in signs if sign in text]
    return sorted({place for sign in there for place, line in enumerate(lines) if sign in line})
