"""Step 3: is it this person? What concerns an account or personal data needs more than the domain's word.

Three proofs, each at another price: the customer file knows the author's address; somebody answers a one-time letter,
so that they read that mailbox; an agent decides. When the mail names an account of somebody else, the letter goes to
the address on file, and whoever wrote learns nothing: they get the same letter as all whom the file does not know.
"""

import re
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from gateway.desk.handler import (
    Asking,
    Bounce,
    Case,
    Count,
    CustomerRecord,
    Decisions,
    Due,
    Duration,
    Handler,
    Identity,
    Label,
    Mail,
    Note,
    Proof,
    Request,
    Section,
    Send,
    Template,
    Verification,
    Wake,
    address_key,
    fold,
    masked,
)

DOUBTFUL = ("from-several-authors", "signature-seen-before", "signed-for-others")
"""Findings with which the domain's word is not taken for the person's."""
SCAN = 300
"""Characters of an answer in which a denial is looked for: what a company writes below its mails says "not", too."""
STALE = timedelta(days=7)
"""So long the door remembers a signature; an older mail may have been seen before, and is asked about."""
TOLD = "The agent must know before anything is changed or disclosed."


class Rule(Section):
    """What proves the person in some categories; any one of the proofs is enough."""

    category: tuple[str, ...]
    proof: tuple[Literal["file", "letter", "agent"], ...]


class Verify(Handler):
    """Asks for the proof, hears the answer, and says so when none comes."""

    rules: tuple[Rule, ...] = (Rule(category=("account",), proof=("letter", "agent")),)
    """Categories that need proof of the person, and the proofs that serve there; the first rule that fits decides."""
    spf_suffices: bool = False
    """For the proof "file": an address proven by SPF alone counts, too."""
    template: Template = "verification"
    """The letter that asks whoever wrote."""
    on_file: Template = "verification_on_file"
    """The letter to the address on file of an account that was named from another mailbox."""
    lifetime: Duration = timedelta(days=3)
    """How long the proof is waited for."""
    valid: Duration = timedelta(days=30)
    """How long a proof counts."""
    attempts: Count = 3
    """Answers that prove nothing before the asking ends."""
    denials: tuple[str, ...] = (
        "no", "nope", "not me", "not mine", "not my", "not us", "wasn't", "wasnt", "was not", "isn't me", "is not me",
        "didn't", "didnt", "did not", "haven't", "have not", "don't", "dont", "do not", "never", "nothing to do",
        "somebody else", "someone else", "fraud", "scam", "phishing", "stop",
        "아니", "아닙", "아녜", "아뇨", "않았", "않습", "안 했", "안했", "한 적", "적이 없", "적 없", "없습니다",
        "없어요", "없는데", "모르", "누구", "누가", "사기", "도용", "하지 마", "하지마", "취소", "중단")
    """Words of somebody who answers that it was not them: then an agent reads it."""
    per_day: Count = 5
    """Automatic letters to one address in a day; beyond that nobody is asked."""
    unproven_per_hour: Count = 100
    """Neutral letters to anybody in an hour; beyond that only proven senders are asked, at their own address."""

    def received(self, mail: Mail, case: Case) -> Decisions:
        request = case.request
        if request is None:
            return
        if case.is_new:
            if rule := self._rule(request.category):
                yield from self._begin(mail, case, rule)
        elif asked := _answered_asking(case):
            yield from self._answered(mail, case, asked)
        elif request.verification == "verified" and not mail.is_automatic and (doubt := _doubt(mail, case)):
            yield Note(f"The proof of the person does not speak for this mail: {doubt}", TOLD)
        elif _was_never_asked(request) and not mail.is_automatic and (rule := self._rule(request.category)):
            yield from self._begin(mail, case, rule)

    def proved(self, proof: Proof, case: Case) -> Decisions:
        if proof.by == "agent":
            yield from self._decided(proof, case)
        elif asked := case.verification:
            if spent := _spent(asked, case.now):
                yield Label(f"The link of the verification letter was pressed, but proved nothing: {spent}",
                            failed_attempt=True)
            else:
                yield from self._hold_true(asked, case, "its link was pressed in")

    def returned(self, bounce: Bounce, case: Case) -> Decisions:
        asked, letter = case.verification, bounce.letter
        is_dead = not bounce.is_automatic_reply and any(each.is_hard for each in bounce.failed)
        is_ours = asked and letter.recipient == asked.sent_to and letter.template in (self.template, self.on_file)
        if asked and is_ours and is_dead and case.request and case.request.verification == "asked":
            yield Label(f"Asked, but our letter to {masked(asked.sent_to)} did not arrive: nobody can answer it. An "
                        "agent decides.", verification="asked")

    def due(self, due: Due, case: Case) -> Decisions:
        state = case.request.verification if case.request else ""
        if due.purpose == "expire" and state == "asked":
            yield Label("Not verified: nobody answered our letter in time.", verification="expired", asking="expired")
            yield Note("Not verified: the customer did not answer the verification letter in time.", TOLD)
        if due.purpose == "lapse" and state in ("verified", "mailbox") and case.request:
            yield Label(f"The proof is too old, it counts no longer: {case.request.verification_because}",
                        verification="expired")

    # ---- a new request ----

    def _rule(self, category: str) -> Rule | None:
        return next((rule for rule in self.rules if category in rule.category), None)

    def _begin(self, mail: Mail, case: Case, rule: Rule) -> Decisions:
        if "file" in rule.proof and (known := self._by_file(mail, case)):
            yield Label(f"Verified by the customer file: {known}", verification="verified")
            yield self._lapse()
        elif "letter" not in rule.proof:
            yield Label(f"Not asked: in this category counts only: {', '.join(rule.proof)}.", verification="")
        elif reason := self._silent(mail, case):
            yield Label(f"Not asked: {reason}", verification="")
        else:
            yield from self._ask(case)

    def _by_file(self, mail: Mail, case: Case) -> str:
        """Whose word it is that the author is the customer on file; "" when nobody's."""
        identity, known = mail.verdict.identity, case.on_file
        enough = identity is Identity.VERIFIED_DKIM or (identity is Identity.VERIFIED_SPF and self.spf_suffices)
        if not enough or case.is_held or known is None or known.record is None or not known.is_author:
            return ""
        is_doubtful = any(finding in DOUBTFUL for finding in mail.verdict.findings) or _is_stale(mail, case)
        is_good = known.record.standing == "good"
        return f"{mail.verdict.because} {known.sentence}" if is_good and not is_doubtful else ""

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
        if not mail.verdict.identity.is_proven and self._is_flood(case):
            return f"{case.neutral_last_hour} letters went to unproven senders within the hour."
        if case.on_file and case.on_file.is_author and _is_blocked(case.on_file.record):
            return "The address is on file as blocked. An agent decides."
        return ""

    def _is_flood(self, case: Case) -> bool:
        return case.neutral_last_hour >= self.unproven_per_hour

    def _ask(self, case: Case) -> Decisions:
        known, why = case.on_file, "What concerns an account or personal data needs proof of the person."
        record = known.record if known else None
        if known is None:
            asking = Asking(self.lifetime, "author")
        elif known.is_author and record:
            asking = Asking(self.lifetime, "file", record.account)
        elif record and not (quiet := self._silent_to_owner(case, record)):
            # The same letter as to a stranger who named nobody: whether the account is there, nobody learns.
            yield Send(self.template, why, asking=Asking(self.lifetime, "stranger", record.account))
            asking = Asking(self.lifetime, "file", record.account, record)
        else:
            asking = Asking(self.lifetime, "stranger")
            why += f" {quiet}" if record else ""
        yield Send(self.on_file if asking.owner else self.template, why, asking=asking)
        if case.verification is None:
            yield Label("Not asked: there is no address that a letter could go to.", verification="")
            return
        yield Label(self._asked(case, case.verification, used=0), verification="asked")
        yield Wake("expire", self.lifetime, "Proof is waited for no longer than this.")

    def _silent_to_owner(self, case: Case, record: CustomerRecord) -> str:
        """Why no letter goes to the address on file; "" when one does."""
        letters = case.on_file.letters_last_day if case.on_file else 0
        if _is_blocked(record):
            return "No letter went to the address on file: it is blocked."
        if letters >= self.per_day:
            return f"No letter went to the address on file: it had {letters} today."
        return "No letter went to the address on file: too many did within the hour." if self._is_flood(case) else ""

    # ---- the answer ----

    def _answered(self, mail: Mail, case: Case, asked: Verification) -> Decisions:
        if mail.is_automatic:
            return
        fault = _fault(mail, case, asked)
        if not fault and _may_be_denied(asked, case) and self._may_deny(mail):
            yield from self._denied(asked)
        elif asked.state != "asked":
            yield Label(f"An answer to the one-time address proved nothing: {_spent(asked, case.now)}")
        elif not fault:
            yield from self._hold_true(asked, case, "the answer came from")
        elif _is_beside(asked):
            is_last = asked.attempts + 1 >= self.attempts
            yield Label(f"An answer to the letter to whoever wrote proved nothing: {fault}", failed_attempt=True,
                        asking="expired" if is_last else None)
        elif asked.attempts + 1 >= self.attempts:
            words = f"{self.attempts} answers to the verification letter proved nothing."
            yield Label(f"Not verified: {words} {fault}", verification="expired", asking="expired",
                        failed_attempt=True)
            yield Wake("expire", None, "The asking has ended.")
            yield Note(f"Not verified: {words} {fault}", TOLD)
        else:
            yield Label(f"{self._asked(case, asked, asked.attempts + 1)} The last one proved nothing: {fault}",
                        verification="asked", failed_attempt=True)
            yield Note(f"An answer to the verification letter proved nothing. {fault}",
                       "Somebody who cannot be told from the customer answered.")

    def _may_deny(self, mail: Mail) -> bool:
        """A word too many costs an agent a glance; one too few makes "That was not me!" a proof."""
        said = fold(mail.message.reply_text[:SCAN])
        return any(_holds(said, fold(word)) for word in self.denials)

    def _denied(self, asked: Verification) -> Decisions:
        words = (f"Not verified: the answer came from {masked(asked.sent_to)}, {_whose(asked)}, but may say that it "
                 "was not them. Read it and decide.")
        yield Label(words, verification="expired", asking="expired")
        yield Wake("expire", None, "Our letter was answered.")
        yield Note(words, TOLD)

    def _hold_true(self, asked: Verification, case: Case, how: str) -> Decisions:
        """Whoever was asked reads the mailbox. What that is worth depends on whose it is."""
        to = masked(asked.sent_to)
        if _is_beside(asked):
            is_open = case.request is not None and case.request.verification == "asked"
            waits = f"Asked: the address on file for account {asked.account} has not answered yet; " if is_open else ""
            yield Label(f"{waits}{how} {to}, which wrote the mail: that proves only that mailbox.",
                        verification="asked" if is_open else None, asking="verified")
            return
        if asked.basis == "stranger":
            yield Label(f"Only the mailbox is proven: {how} {to}, for which the customer file does not speak. Who it "
                        "is, an agent has to find out.", verification="mailbox", asking="verified")
        else:
            yield Label(f"Verified by the letter: {how} {to}, {_whose(asked)}{_elsewhere(asked, case)}.",
                        verification="verified", asking="verified")
        yield Wake("expire", None, "The proof is there.")
        yield self._lapse()

    def _lapse(self) -> Wake:
        return Wake("lapse", self.valid, "A proof counts no longer than this.")

    def _decided(self, proof: Proof, case: Case) -> Decisions:
        rule = self._rule(case.request.category) if case.request else None
        if proof.holds and rule and "agent" not in rule.proof:
            return  # gateway/desk/acts refuses what came to nothing
        word = "Verified" if proof.holds else "Not verified: rejected"
        yield Label(f"{word} by {proof.agent} (agent): {proof.because}", asking="expired",
                    verification="verified" if proof.holds else "rejected")
        yield Wake("expire", None, "An agent decided.")
        yield self._lapse() if proof.holds else Wake("lapse", None, "There is no proof any more.")

    def _asked(self, case: Case, asked: Verification, used: int) -> str:
        return (f"Asked: a letter went to {masked(asked.sent_to)}, {_whose(asked)}{_elsewhere(asked, case)}, on "
                f"{_local(asked.asked_at, case)} (expires {_local(asked.expires_at, case)}); "
                f"{used} of {self.attempts} tries used.")


def _was_never_asked(request: Request) -> bool:
    """It was about something else until now."""
    return not request.verification and not request.verification_because


def _answered_asking(case: Case) -> Verification | None:
    """The asking of this request that the mail came to the one-time address of."""
    return next((each.verification for each in case.evidence
                 if each.verification and case.request and each.request.id == case.request.id), None)


def _holds(said: str, word: str) -> bool:
    """Whether a text holds a word: Latin ones whole."""
    return re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", said) is not None if word.isascii() else word in said


def _may_be_denied(asked: Verification, case: Case) -> bool:
    """Also after the link was pressed, perhaps by a scanner: an owner who did not ask writes there of nothing else."""
    is_open = asked.state == "asked" or (asked.state == "verified" and bool(_elsewhere(asked, case)))
    return is_open and not _is_beside(asked)


def _is_stale(mail: Mail, case: Case) -> bool:
    """Written too long ago for the domain's word: it may be an old mail of theirs that somebody sends again."""
    written = mail.message.date
    return written is not None and case.now - written > STALE


def _is_beside(asked: Verification) -> bool:
    """It asked whoever wrote, while the proof is waited for from the address on file."""
    return asked.basis == "stranger" and bool(asked.account)


def _doubt(mail: Mail, case: Case) -> str:
    """Why a further mail in a proven request may be another person's; "" when nothing says so."""
    if not (case.customer and case.request and case.customer.id == case.request.customer_id):
        return f"it came from {mail.message.from_email or 'nobody'}, not from the customer of the request."
    return mail.verdict.because if mail.verdict.identity is Identity.FAILED else ""


def _is_blocked(record: CustomerRecord | None) -> bool:
    return record is not None and record.standing == "blocked"


def _spent(asked: Verification, now: datetime) -> str:
    """Why an asking cannot be answered any more, whoever does; "" while it can."""
    if asked.state == "verified":
        return "It was used already."
    if asked.expires_at <= now:
        return "It came too late."
    return "The asking had ended already." if asked.state == "expired" else ""


def _fault(mail: Mail, case: Case, asked: Verification) -> str:
    """Why an answer to the one-time address proves nothing; "" when it does."""
    author = mail.message.from_email
    if address_key(author) != address_key(asked.sent_to):
        return f"It came from {author or 'nobody'}, but our letter went to {asked.sent_to}."
    if asked.expires_at <= case.now:
        return "It came too late."
    return mail.verdict.because if mail.verdict.identity is Identity.FAILED else ""


def _whose(asked: Verification) -> str:
    """Whose mailbox the letter went to, and by whose word."""
    if asked.basis == "file":
        return f"the mailbox on file for account {asked.account}" if asked.account else "the mailbox on file"
    if asked.basis == "stranger":
        return "the mailbox that wrote, for which the customer file does not speak: an answer proves that mailbox only"
    return "the mailbox that wrote (no customer file says whose it is)"


def _elsewhere(asked: Verification, case: Case) -> str:
    """What an agent must know when it was not the owner of the account who wrote."""
    if asked.basis != "file" or address_key(case.letters_to) == address_key(asked.sent_to):
        return ""
    return f"; the request itself came from {case.letters_to}, and answers go there"


def _local(moment: datetime, case: Case) -> str:
    return f"{moment.astimezone(ZoneInfo(case.site.timezone)):%Y-%m-%d %H:%M}"
