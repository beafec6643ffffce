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
    Proof,
    Send,
    Template,
    Verification,
    Wake,
)


class Verify(Handler):
    """Asks for the proof, hears the answer, and says so when none comes."""

    template: Template = "verification"
    """The letter that asks."""
    categories: tuple[str, ...] = ("account",)
    """Categories that need proof of the person."""
    lifetime: Duration = timedelta(days=3)
    """How long the proof is waited for."""
    attempts: int = 3
    """Answers that prove nothing before the asking ends."""
    per_day: int = 5
    """Automatic letters to one address in a day; beyond that nobody is asked."""
    unproven_per_hour: int = 100
    """Neutral letters to anybody in an hour; beyond that only proven senders are asked."""

    def received(self, mail: Mail, case: Case) -> Decisions:
        asked = next((each for each in case.evidence if each.kind == "verification"), None)
        if asked is not None and case.request is not None and not case.is_new:
            yield from self._answered(mail, case, asked)
        elif case.is_new and case.request and case.request.category in self.categories:
            yield from self._ask(mail, case)

    def _ask(self, mail: Mail, case: Case) -> Decisions:
        if reason := self._silent(mail, case):
            yield Label(f"Not verified: proof was not asked for. {reason}", verification="")
            return
        yield Send(self.template, "What concerns an account or personal data needs proof of the person.",
                   verification_lifetime=self.lifetime)
        yield Label("The customer was asked to answer from the mailbox.", verification="asked")
        yield Wake("expire", self.lifetime, "Proof is waited for no longer than this.")

    def _silent(self, mail: Mail, case: Case) -> str:
        """Why no letter goes out; "" when one does."""
        allowed, reason = mail.may_acknowledge
        if not allowed:
            return reason
        if case.is_held:
            return "The request is on hold until an agent releases it."
        if mail.verdict.identity is Identity.FAILED:
            return mail.verdict.because
        if case.letters_last_day >= self.per_day:
            return f"{case.letters_last_day} automatic letters went to this address today."
        if not mail.verdict.identity.is_proven and case.neutral_last_hour >= self.unproven_per_hour:
            return f"{case.neutral_last_hour} letters went to unproven senders within the hour."
        return ""

    def _answered(self, mail: Mail, case: Case, evidence: Evidence) -> Decisions:
        asked = evidence.verification
        if asked is None or mail.is_automatic or asked.state != "asked":
            return
        fault = _fault(mail, case, asked)
        if not fault:
            yield Label(f"{asked.sent_to} answered our letter at its one-time address.", verification="verified")
            yield Wake("expire", None, "The proof is there.")
        elif asked.attempts + 1 >= self.attempts:
            yield Label(f"Not verified: {self.attempts} answers proved nothing. {fault}", verification="expired",
                        failed_attempt=True)
            yield Wake("expire", None, "The asking has ended.")
            yield Note(f"Not verified: {self.attempts} answers to the verification letter proved nothing. {fault}",
                       "The agent must know before anything is changed or disclosed.")
        else:
            yield Label(f"An answer proved nothing. {fault}", failed_attempt=True)
            yield Note(f"An answer to the verification letter proved nothing. {fault}",
                       "Somebody who cannot be told from the customer answered.")

    def proved(self, proof: Proof, case: Case) -> Decisions:
        asked = case.verification
        if proof.by != "link" or asked is None:
            return
        if asked.state != "asked" or asked.expires_at <= case.now:
            spent = f"was {asked.state} already" if asked.state != "asked" else "came too late"
            yield Label(f"The link of the verification letter was pressed, but proved nothing: it {spent}.",
                        failed_attempt=True)
            return
        yield Label(f"The link of our letter to {asked.sent_to} was pressed.", verification="verified")
        yield Wake("expire", None, "The proof is there.")

    def due(self, due: Due, case: Case) -> Decisions:
        if case.request and case.request.verification == "asked":
            yield Label("Not verified: nobody answered our letter in time.", verification="expired")
            yield Note("Not verified: the customer did not answer the verification letter in time.",
                       "The agent must know before anything is changed or disclosed.")


def _fault(mail: Mail, case: Case, asked: Verification) -> str:
    """Why an answer to the one-time address proves nothing; "" when it does."""
    author = mail.message.from_email.lower()
    if author != asked.sent_to.lower():
        return f"It came from {author or 'nobody'}, but our letter went to {asked.sent_to}."
    if asked.expires_at <= case.now:
        return "It came too late."
    return mail.verdict.because if mail.verdict.identity is Identity.FAILED else ""
