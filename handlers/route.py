"""Step 4: which queue, how urgent, by when? The first rule that fits decides."""

import re
from datetime import timedelta

from gateway.desk.handler import (
    Answer,
    Bounce,
    Case,
    Decisions,
    Degree,
    Due,
    Duration,
    Handler,
    Identity,
    Mail,
    Place,
    Rating,
    Section,
    Wake,
    domain_of,
    fold,
)

SCAN = 20_000
"""Characters of a text in which a rule's words are looked for."""
HIGHEST = 5
"""The most urgent priority."""
WAITING = ("new", "open")
"""States in which a request waits for us: its due time runs already."""


class Rule(Section):
    """All tests that are given must hold; a rule without tests fits everything."""

    queue: str
    priority: Degree = 3
    """1 (can wait) to 5 (now)."""
    due: Duration = timedelta(hours=24)
    """Time until our next act is overdue."""
    recipient: tuple[str, ...] = ()
    """Addresses of ours, one of which the mail came to."""
    author_domain: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    """Words of which one stands in subject or text; Latin words match whole, others anywhere."""
    identity: tuple[Identity, ...] = ()
    """How far the domain stands behind it: verified-dkim, verified-spf, weak, none, failed, unknown."""


DEFAULT = (
    Rule(queue="complaints", category=("complaint",), priority=4, due=timedelta(hours=8)),
    Rule(queue="technical", category=("technical",)),
    Rule(queue="account", category=("account",)),
    Rule(queue="general", category=("policy",)),
    Rule(queue="general", priority=2, due=timedelta(hours=48)),
)


class Route(Handler):
    """Places what is new by the rules, gives what comes back a new due time, and raises what is overdue."""

    rules: tuple[Rule, ...] = DEFAULT
    """Asked in this order; the first that fits decides."""
    again: Duration = timedelta(hours=24)
    """After a request became overdue, or came back: time until it is (once more) overdue."""
    quarantine: str = "quarantine"
    """Queue of what the door's policy let in for an agent's eyes only."""
    bulk: str = "bulk"
    """Queue of newsletters and list mail."""
    reports: str = "reports"
    """Queue of abuse, DMARC and TLS reports."""

    def received(self, mail: Mail, case: Case) -> Decisions:
        request = case.request
        if request is None:
            return
        if not case.is_new:
            if request.state == "open" and case.previous_state not in WAITING:
                due = case.now + self.again
                yield Place(request.queue, "The customer wrote again.", request.priority, min(request.due or due, due))
                yield Wake("overdue", self.again, f"It is overdue after {_hours(self.again)}.")
        elif mail.is_quarantined:
            yield Place(self.quarantine, "The door's policy put it into quarantine.", 2)
        elif mail.machine in ("report", "bulk"):
            queue = self.reports if mail.machine == "report" else self.bulk
            yield Place(queue, f"No person asks for anything. {mail.automatic}", 1)
        else:
            rule = next((each for each in self.rules if _fits(each, mail, case)), DEFAULT[-1])
            yield Place(rule.queue, _why(rule), rule.priority, case.now + rule.due)
            yield Wake("overdue", rule.due, f"It is overdue after {_hours(rule.due)}.")

    def answered(self, answer: Answer, case: Case) -> Decisions:
        request = case.request
        if answer.kind == "reopening" and request is not None:
            yield Place(request.queue, f"{answer.agent} opened it again.", request.priority, case.now + self.again)
            yield Wake("overdue", self.again, f"It is overdue after {_hours(self.again)}.")

    def rated(self, rating: Rating, case: Case) -> Decisions:
        if case.previous_state not in WAITING:
            yield Wake("overdue", self.again, "Looked at again, should the rating have brought it back.")

    def returned(self, bounce: Bounce, case: Case) -> Decisions:
        if case.previous_state not in WAITING:
            yield Wake("overdue", self.again, "Looked at again, should the lost letter have brought it back.")

    def due(self, due: Due, case: Case) -> Decisions:
        request = case.request
        if request is None or request.state not in WAITING or request.priority >= HIGHEST:
            return
        yield Place(request.queue, "It is overdue: more urgent now.", request.priority + 1, request.due)
        yield Wake("overdue", self.again, "Looked at again when it still waits.")


def _fits(rule: Rule, mail: Mail, case: Case) -> bool:
    request = case.request
    if request is None:
        return False
    recipients = {each.lower() for each in mail.envelope.recipients}
    text = fold(f"{mail.message.subject}\n{mail.message.text[:SCAN]}") if rule.words else ""
    tests = (
        (rule.recipient, lambda each: each.lower() in recipients),
        (rule.author_domain, lambda each: domain_of(mail.message.from_email) == each.lower()),
        (rule.category, lambda each: each == request.category),
        (rule.language, lambda each: each == request.language),
        (rule.words, lambda each: _holds(text, fold(each))),
        (rule.identity, lambda each: each == mail.verdict.identity),
    )
    return all(not values or any(holds(value) for value in values) for values, holds in tests)


def _holds(text: str, word: str) -> bool:
    """Latin words match whole, others anywhere."""
    if not word.isascii():
        return word in text
    return word in text and re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", text) is not None


def _why(rule: Rule) -> str:
    names = ("recipient", "author_domain", "category", "language", "words", "identity")
    given = [f"{name.replace('_', ' ')} {' or '.join(values)}" for name in names if (values := getattr(rule, name))]
    return f"The rule for {', '.join(given) or 'all that is left'} sends it to {rule.queue}."


def _hours(time: timedelta) -> str:
    return f"{time.total_seconds() / 3600:g} hours"
