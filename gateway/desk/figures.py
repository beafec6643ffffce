"""What the desk did since it began, as plain counts. The thread that handles an event writes them, others only read."""

from collections import Counter, defaultdict


class Figures:
    """Counts of one desk."""

    def __init__(self) -> None:
        self.events: Counter[tuple[str, str]] = Counter()
        """By kind (mail, letter, wake) and what became of it (handled, laid back)."""
        self.calls: Counter[str] = Counter()
        """By handler."""
        self.seconds: defaultdict[str, float] = defaultdict(float)
        """By handler, with what was done about its decisions."""

    def asked(self, handler: str, seconds: float) -> None:
        """A handler was asked, and so long it took."""
        self.calls[handler] += 1
        self.seconds[handler] += seconds
