"""What the door did since it began, as plain counts and as words for the line of each mail in the log."""

from bisect import bisect_left
from collections import Counter
from copy import copy

from gateway.mail.authres import UNCHECKED, Verdict
from gateway.smtp.policy import Reply

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 12.0)
"""Seconds; the last one is as long as a check may take."""


class Times:
    """How long something took, counted by bounds in seconds."""

    def __init__(self, bounds: tuple[float, ...] = BOUNDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """How many took no longer than each bound but longer than the one before; the last: longer than all."""
        self.total = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds

    def add_all(self, others: "Times") -> None:
        """What was counted elsewhere, by the same bounds."""
        self.counts = [own + other for own, other in zip(self.counts, others.counts, strict=True)]
        self.total += others.total


class Figures:
    """Counts of one door."""

    def __init__(self) -> None:
        self.clients = 0
        self.mails: Counter[str] = Counter()
        """By code and enhanced status of the reply to the end of data."""
        self.octets = 0
        """Of the mails that were kept."""
        self.times = Times()
        """From the end of data to 250."""
        self.results: Counter[tuple[str, str]] = Counter()
        """By method and result (RFC 8601)."""
        self.identities: Counter[str] = Counter()
        self.seen_before = 0
        """Mails with a signature that had come before."""

    def take(self) -> "Figures":
        """What was counted since the last time; the count begins anew."""
        taken = copy(self)
        vars(self).update(vars(Figures()))
        return taken

    def add(self, others: "Figures") -> None:
        """What another door has counted."""
        self.clients += others.clients
        self.octets += others.octets
        self.seen_before += others.seen_before
        self.mails.update(others.mails)
        self.results.update(others.results)
        self.identities.update(others.identities)
        self.times.add_all(others.times)

    def count(self, reply: Reply, size: int, seconds: float, verdict: Verdict | None) -> None:
        """One mail was answered; `verdict` is None when nobody asked whose it was."""
        self.mails[f"{reply.code} {reply.status}"] += 1
        if not reply.is_refusal:
            self.octets += size
            self.times.add(seconds)
        if verdict is None or verdict is UNCHECKED:
            return
        self.identities[verdict.identity.value] += 1
        self.seen_before += "signature-seen-before" in verdict.findings
        for check in (verdict.spf, verdict.dmarc, verdict.arc, verdict.iprev, *verdict.dkim):
            self.results[check.method, check.result.value] += 1


def told(verdict: Verdict | None) -> dict[str, str]:
    """Whose mail it is, as keys of a log line; a mail that bears several signatures has a result for each."""
    if verdict is None:
        return {}
    dkim = ",".join(check.result for check in verdict.dkim) or "none"
    return {"author": verdict.author, "identity": verdict.identity, "spf": verdict.spf.result, "dkim": dkim,
            "dmarc": verdict.dmarc.result}  # fmt: skip
