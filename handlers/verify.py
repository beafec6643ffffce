"""Step 3: is it this person? What concerns an account or personal data needs more than the domain's word.

The proof is a one-time address in a letter to the author's mailbox: whoever answers there reads that mailbox.
"""

from datetime import timedelta

from gateway.desk.handler import (
    Case,
    Decisions,
    Due,
    Duration,
    Evidence,
    Handler,
    Identity,
    Label,
    Mail,
    Note,
    Send,
    Wake,
)


class Verify(Handler):
    template: str = "verification"
    """The letter that asks."""
    categories: tuple[str, ...] = ("account",)
    """Categories that need proof of the person."""
    lifetime: Duration = timedelta(days=3)
    """How long the proof is waited for."""
    attempts: int = 3
    """Answers that prove nothing before the asking ends."""
    per_day: int = 5
    """Automatic letters to one address in a day; beyond that nobody is asked."""

    def received(self, mail: Mail, case: Case) -> Decisions:
        asked = next((each for each in case.evidence if each.kind == "verification"), None)
        if asked is not None and case.request is not None and not case.is_new:
            yield from self._answered(mail, case, asked)
        elif case.is_new and case.request and case.request.category in self.categories:
            yield from self._ask(mail, case)

    def _ask(self, mail: Mail, case: Case) -> Decisions:
        allowed, reason = mail.may_acknowledge
        if not allowed or case.is_held or mail.verdict.identity is Identity.FAILED:
            yield Label(f"Proof was not asked for: {reason if not allowed else mail.verdict.because}", verification="")
        elif case.letters_last_day >= self.per_day:
            yield Label(f"Proof was not asked for: {case.letters_last_day} letters went there today.", verification="")
        else:
            yield Send(self.template, "What concerns an account or personal data needs proof of the person.",
                       verification_lifetime=self.lifetime)
            yield Label("The customer was asked to answer from the mailbox.", verification="asked")
            yield Wake("expire", self.lifetime, "Proof is waited for no longer than this.")

    def _answered(self, mail: Mail, case: Case, evidence: Evidence) -> Decisions:
        asked = evidence.verification
        if asked is None or mail.is_automatic or asked.state != "asked":
            return
        author = mail.message.from_email.lower()
        if author == asked.sent_to and asked.expires_at > case.now and mail.verdict.identity is not Identity.FAILED:
            yield Label(f"{author} answered our letter at its one-time address.", verification="verified")
            yield Wake("expire", None, "The proof is there.")
        elif asked.attempts + 1 >= self.attempts:
            yield Label(f"Not verified: {self.attempts} answers proved nothing.", verification="expired",
                        failed_attempt=True)
        else:
            yield Label("An answer to the one-time address came from another sender.", failed_attempt=True)

    def due(self, due: Due, case: Case) -> Decisions:
        if case.request and case.request.verification == "asked":
            yield Label("Not verified: nobody answered our letter in time.", verification="expired")
            yield Note("Not verified: the customer did not answer the verification letter in time.",
                       "The agent must know before anything is changed or disclosed.")
