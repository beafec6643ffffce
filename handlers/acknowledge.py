"""Step 2: tell the customer that we have the request, and its number; say what would help when it lacks something.

By proof: a proven sender gets a letter with subject and name; an unproven one a neutral letter without a word of
theirs, capped, so that nobody can use us to send a text to a third person; failed ones and machines get nothing.
"""

import re
from datetime import timedelta

from gateway.desk.handler import (
    Case,
    Count,
    Decisions,
    Duration,
    Handler,
    Identity,
    Mail,
    Message,
    Note,
    Send,
    Template,
    fold,
)

SCAN = 20_000
"""Characters of a text that are looked at."""

_PREFIX = re.compile(r"(?:\s*(?:re|fwd?|aw|wg|답장|회신|전달)\s?[:：])+", re.IGNORECASE)

class Acknowledge(Handler):
    """One letter for each new request of a person: full, neutral, or none."""

    template: Template = "acknowledgement"
    """The letter for proven senders."""
    neutral: Template = "acknowledgement_neutral"
    """The letter for unproven ones."""
    quiet: Duration = timedelta(minutes=0)
    """No second acknowledgement to one address within this time; 0s acknowledges every request."""
    per_hour: Count = 10
    """Automatic letters to one address in an hour; beyond that it hears nothing."""
    per_day: Count = 30
    """The same in a day."""
    neutral_per_hour: Count = 100
    """Neutral letters to anybody in an hour."""
    shortest_subject: Count = 4
    """Letters and digits below which a subject says nothing; a Korean syllable counts as two."""
    shortest_text: Count = 10
    """The same for a text."""
    empty_subjects: tuple[str, ...] = (
        "hello", "hi there", "help", "help me", "please help", "question", "problem", "urgent", "support", "no subject",
        "(no subject)", "문의", "문의합니다", "문의드립니다", "질문", "질문입니다", "안녕하세요", "도와주세요", "긴급",
        "제목 없음", "(제목 없음)")
    """Subjects that say nothing however long they are."""
    attachment_words: tuple[str, ...] = (
        "screenshot", "screen shot", "attached", "attachment", "attaching", "enclosed", "photo", "picture",
        "첨부", "스크린샷", "캡처", "캡쳐", "사진", "화면 이미지")
    """Words that speak of something attached; Latin ones match whole, also in the plural."""

    def received(self, mail: Mail, case: Case) -> Decisions:
        if case.request is None or not case.is_new or case.is_held:
            return
        if case.request.verification == "asked":
            return  # the verification letter names the number already: one letter, not two
        identity = mail.verdict.identity
        if reason := self._silent(mail, case):
            if mail.machine not in ("report", "bulk"):
                yield Note(f"Not acknowledged: no letter went out. {reason}", reason)
        elif identity.is_proven:
            yield Send(self.template, f"The sender is proven: {mail.verdict.because}", self._tips(mail))
        else:
            yield Send(self.neutral, f"The sender is not proven: no word of theirs goes out. {mail.verdict.because}")

    def _silent(self, mail: Mail, case: Case) -> str:
        """Why nothing goes out; "" when something does."""
        allowed, reason = mail.may_acknowledge
        last = case.last_acknowledged
        if not allowed:
            return reason
        if mail.verdict.identity is Identity.FAILED:
            return mail.verdict.because
        if last and case.now - last < self.quiet:
            return "The address was sent an acknowledgement a moment ago."
        if case.letters_last_hour >= self.per_hour or case.letters_last_day >= self.per_day:
            return f"The address had {case.letters_last_day} automatic letters today."
        if not mail.verdict.identity.is_proven and case.neutral_last_hour >= self.neutral_per_hour:
            return f"{case.neutral_last_hour} neutral letters went out within the hour: no more for now."
        return ""

    def _tips(self, mail: Mail) -> dict[str, str]:
        message = mail.message
        whole = fold(message.subject[:SCAN])
        subject = _PREFIX.sub("", whole, count=1).strip(" .!?")
        lacks = {
            "no_subject": _is_shorter(subject, self.shortest_subject) or subject in self.empty_subjects,
            "no_details": _is_shorter(message.reply_text, self.shortest_text),
            "no_attachment": not message.attachments and self._speaks_of_attachment(whole, message),
        }
        return {name: "yes" for name, is_so in lacks.items() if is_so}

    def _speaks_of_attachment(self, subject: str, message: Message) -> bool:
        words, text = f"{subject} {' '.join(message.words)}", f"{subject}\n{fold(message.reply_text[:SCAN])}"
        return any(_holds(text if " " in word else words, word) for word in self.attachment_words)


def _holds(words: str, word: str) -> bool:
    if not word.isascii():
        return word in words
    word = word.casefold()
    return word in words and re.search(rf"(?<![a-z]){re.escape(word)}s?(?![a-z])", words) is not None


def _is_shorter(text: str, than: int) -> bool:
    """Counted in letters and digits; a Korean syllable says as much as two Latin letters."""
    for sign in text[:1000]:
        than -= sign.isalnum() and 1 + (sign >= "\u1100")
        if than <= 0:
            return False
    return than > 0
