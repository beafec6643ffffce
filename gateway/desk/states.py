"""The life of a request as one table: what state follows when something happens."""

LIFE: dict[tuple[str, str], str] = {
    ("new", "claimed"): "open",
    ("new", "answered"): "answered",
    ("new", "asked"): "pending",
    ("new", "resolved"): "resolved",
    ("open", "answered"): "answered",
    ("open", "asked"): "pending",
    ("open", "resolved"): "resolved",
    ("pending", "received"): "open",
    ("pending", "answered"): "answered",
    ("pending", "returned"): "open",
    ("pending", "silent"): "resolved",
    ("pending", "resolved"): "resolved",
    ("pending", "reopened"): "open",
    ("answered", "asked"): "pending",
    ("answered", "received"): "open",
    ("answered", "reopened"): "open",
    ("answered", "returned"): "open",
    ("answered", "confirmed"): "resolved",
    ("answered", "silent"): "resolved",
    ("answered", "resolved"): "resolved",
    ("resolved", "answered"): "answered",
    ("resolved", "asked"): "pending",
    ("resolved", "received"): "open",
    ("resolved", "reopened"): "open",
    ("resolved", "closed"): "closed",
    ("closed", "received"): "open",
    ("closed", "reopened"): "open",
    ("closed", "answered"): "answered",
    ("closed", "asked"): "pending",
    **{(state, "spam"): "closed" for state in ("new", "open", "pending", "answered", "resolved", "closed")},
}
"""(state, word) -> next state. A pair that is not here changes nothing."""

WORDS = frozenset(word for _, word in LIFE)

DEMANDING = ("new", "open")
"""States in which the next act is ours: only these have a due time that can pass."""


def after(state: str, word: str) -> str:
    """The state after `word` happened. Raises ValueError for a word that is in no row of the table."""
    if word not in WORDS:
        raise ValueError(f"{word!r} is no word of a request's life: {', '.join(sorted(WORDS))}")
    return LIFE.get((state, word), state)


def is_reopening(before: str, now: str) -> bool:
    """It was taken for settled, and is not."""
    return before in ("resolved", "closed") and now == "open"
