"""Was this written by a machine, and may a machine answer it? RFC 3834: a machine is not to answer a machine.

The null reverse-path is the one certain mark; only about half of real automatic mail carries `Auto-Submitted`, so the
marks that mailers, lists, ticket systems and out-of-office programs of many countries leave are told one by one.
Each rule is a question with its own sentence; the first that holds is the reason.
"""

import re
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from gateway.mail.absence import (
    ABSENCE_SUBJECT,
    CHALLENGE,
    CHALLENGE_SIGNS,
    MACHINE_LOCAL,
    MACHINE_NAME,
    MAYBE_ABSENCE_SUBJECT,
    PROMISED_WORDS,
    READ_SUBJECT,
    READ_WORDS,
    RECEIVED_SIGNS,
    RECEIVED_WORDS,
    TICKET,
    TOLD_SUBJECT,
)
from gateway.mail.away import says_that_nobody_is_there
from gateway.mail.envelope import NULL_PATH, Envelope, domain_of
from gateway.mail.fields import visible
from gateway.mail.marks import COMPLAINT, LIST_FIELDS, REPORTS, ROBOT, ROBOT_FIELDS

if TYPE_CHECKING:
    from gateway.mail.message import Message

_ANSWERED = re.compile(r"(?i)(?:re|aw|sv|antw|odp|ynt|답장|회신|回复|回覆|返信)\s?[:：]")
_COMMENT = re.compile(r"\([^()]*\)")
_LIST_PATH = re.compile(
    r"(?:owner-.*|.*-(?:owner|request|bounces?|admin)(?:[+=].*)?|mailer-daemon|listserv|majordomo|mdaemon)$"
)
_LIST_SENDER = re.compile(r"(?:^|<)\s*(?:owner-[^@<>\s]+|[^@<>\s]+-(?:owner|request|bounces?))@", re.IGNORECASE)
_SUPPRESS = frozenset(("dr", "autoreply", "all", "oof"))
_REPORT_NAME = re.compile(
    r"[\w.-]{1,255}![\w.-]{1,255}!\d{6,12}!\d{6,12}(?:![\w.-]{1,80})?\.(?:xml|json|zip|gz|tgz|xml\.gz)"
)
"""RFC 9990: receiver!policy-domain!begin!end."""
_REPORT_SUBJECT = re.compile(r"report domain:.*submitter:", re.IGNORECASE)


def automatic(message: "Message", envelope: Envelope | None) -> str:
    """Why this is a machine's mail, in a sentence; "" for a person's. `envelope` None: judged by the message alone."""
    return visible(next((reason for rule in _RULES if (reason := rule(message, envelope))), ""))


def may_acknowledge(
    message: "Message", envelope: Envelope | None, ours: Collection[str] = (), our_domains: Collection[str] = ()
) -> tuple[bool, str]:
    """Whether an automatic answer may go out (RFC 3834 section 2), and why or why not in a sentence.

    `ours`: our support addresses; `our_domains`: domains whose every address is ours. How often one address may be
    answered is the desk's to count.
    """
    reason = automatic(message, envelope)
    return (False, reason) if reason else may_answer_person(message, envelope, ours, our_domains)


def may_answer_person(
    message: "Message", envelope: Envelope | None, ours: Collection[str] = (), our_domains: Collection[str] = ()
) -> tuple[bool, str]:
    """The same for a mail that is known not to be a machine's."""
    own = {each.lower() for each in ours}
    answer_to = (message.reply_to or message.from_email).lower()
    for address in (message.from_email.lower(), answer_to, (envelope.reverse_path if envelope else "").lower()):
        if plain(address) in own or domain_of(address) in our_domains:
            return False, visible(f"It comes from an address of our own, {address}.")
    if not re.match(r"[^@\s]+@[^@\s]+$", answer_to):
        return False, "There is no address to answer to."
    if MACHINE_LOCAL.match(answer_to.partition("@")[0]):
        return False, f"The address to answer to, {answer_to}, reads no mail."
    if envelope is not None and _LIST_PATH.match(envelope.reverse_path.partition("@")[0].lower()):
        return False, visible(f"The reverse-path {envelope.reverse_path} is a mailing list's.")
    if own and not _names_us(message, envelope, own):
        return False, "None of our addresses is named in To, Cc or the envelope."
    return True, "A person wrote to one of our addresses."


def plain(address: str) -> str:
    """The address in lower case without a +detail in its local part."""
    local, mark, domain = address.lower().partition("@")
    return local.partition("+")[0] + mark + domain


def _names_us(message: "Message", envelope: Envelope | None, own: set[str]) -> bool:
    named = (*message.to, *message.cc, *(envelope.recipients if envelope else ()))
    return any(each.lower() in own or plain(each) in own for each in named)


# ---- the rules, most certain first ---------------------------------------------------------------------------------


def _null_path(message: "Message", envelope: Envelope | None) -> str:
    if envelope is not None and envelope.reverse_path == NULL_PATH:
        return "The reverse-path is null: a notification."
    is_null = message.field("return-path").replace(" ", "") == "<>"
    return "Its Return-Path is null: a notification." if is_null else ""


def _auto_submitted(message: "Message", envelope: Envelope | None) -> str:
    for name, value in message.fields:
        if name.lower() == "auto-submitted":
            word = _without_comments(value).partition(";")[0].strip().strip("\"'").lower()
            if word not in ("no", ""):
                return f"Auto-Submitted says {word[:60]} (RFC 3834)."
    return ""


def _without_comments(value: str) -> str:
    """RFC 5322 section 3.2.2: comments nest; one that is never closed is cut, unless nothing else were left."""
    value = value[:1000]
    for _ in range(10):
        value, count = _COMMENT.subn("", value)
        if not count:
            break
    return value.partition("(")[0].strip() or value.strip()


def _report(message: "Message", envelope: Envelope | None) -> str:
    kind = message.root.type.get("report-type").lower()
    for part in message.root.walk():
        kind = kind or {
            "message/feedback-report": "feedback-report",
            "message/disposition-notification": "disposition-notification",
            "application/tlsrpt+gzip": "tlsrpt",
            "application/tlsrpt+json": "tlsrpt",
        }.get(part.kind, "")
        if not kind and _REPORT_NAME.fullmatch(part.disposition.get("filename") or part.type.get("name")):
            kind = "dmarc"
    if not kind and _REPORT_SUBJECT.search(message.subject):
        kind = "dmarc"
    if not kind and COMPLAINT.match(message.subject[:300].strip()):
        kind = "feedback-report"
    if message.root.kind == "multipart/report" or kind:
        return f"It is {REPORTS.get(kind, 'a report (RFC 6522)')}."
    return ""


def _bounce(message: "Message", envelope: Envelope | None) -> str:
    return "It is a bounce." if message.is_bounce else ""


def _list(message: "Message", envelope: Envelope | None) -> str:
    found = next((name for name, value in message.fields if name.lower() in LIST_FIELDS and value.strip()), "")
    if not found and _LIST_SENDER.search(message.field("sender")[:1000]):
        found = "Sender"
    return f"It came through a mailing list or a newsletter: {found}." if found else ""


def _precedence(message: "Message", envelope: Envelope | None) -> str:
    for name, value in message.fields:
        if name.lower() in ("precedence", "x-precedence", "preference"):
            word = _without_comments(value).strip().strip("\"'").lower().replace("-", "_")
            if word in ("bulk", "list", "junk", "auto_reply", "autoreply"):
                return f"Its {name} is {word}."
    return ""


def _suppressed(message: "Message", envelope: Envelope | None) -> str:
    words = {
        word.strip().lower()
        for name, value in message.fields
        if name.lower() == "x-auto-response-suppress"
        for word in re.split(r"[,;\s]+", value)
    }
    return f"X-Auto-Response-Suppress says {', '.join(sorted(words & _SUPPRESS))}." if words & _SUPPRESS else ""


def _robot_field(message: "Message", envelope: Envelope | None) -> str:
    for name, value in message.fields:
        key, word = name.lower(), value.strip().lower()
        if (key in ROBOT_FIELDS or ROBOT.match(key)) and word not in ("no", "false", "0", ""):
            return f"A machine's field stands in it: {name}."
        if (key == "x-post-messageclass" and "autoresponder" in word) or (
            key == "delivered-to" and "autoresponder" in word
        ):
            return f"{name} says autoresponder."
        if key == "x-apple-action" and word == "vacation":
            return f"{name} says vacation."
        if key == "content-type" and "report-type=" in word:
            return "It is a report."
        if key == "x-ms-exchange-generated-message-source" and "agent" in word:
            return f"{name} names a robot."
        if key in ("x-mailer", "user-agent") and re.search(r"vacation|autorespond|auto-?reply|out-?of-?office", word):
            return f"{name} names a robot."
    return ""


def _machine_author(message: "Message", envelope: Envelope | None) -> str:
    local = message.from_email.partition("@")[0].lower()
    if local and MACHINE_LOCAL.match(local):
        return f"The author's address is a machine's: {message.from_email}."
    if MACHINE_NAME.search(message.from_name):
        return f"The author's name is a machine's: {message.from_name[:80]}."
    return ""


def absence(message: "Message", envelope: Envelope | None = None) -> str:
    """Why this is an out-of-office answer; "" when it is none."""
    subject = message.subject[:300]
    is_titled = ABSENCE_SUBJECT.match(subject) or TOLD_SUBJECT.match(subject)
    # Behind "Re:" it is the title of the mail that is answered: a person may have got an automatic answer.
    if is_titled and not (_ANSWERED.match(subject) and _asks(message)):
        return "Its subject is an automatic answer's."
    if not _is_answer(message):
        return ""
    if MAYBE_ABSENCE_SUBJECT.match(subject):
        return "Its subject is an out-of-office answer's."
    # Who asks something reads the answer, though he may say that he is away tomorrow.
    if not _asks(message) and says_that_nobody_is_there(message.reply_text[:700]):
        return "Its words are those of an out-of-office answer."
    return ""


def _asks(message: "Message") -> bool:
    return bool(re.search("[?？]", message.reply_text[:700]))


def _is_answer(message: "Message") -> bool:
    return bool(message.in_reply_to or message.references or _ANSWERED.match(message.subject))


def _received(message: "Message", envelope: Envelope | None) -> str:
    """Another desk's acknowledgement, from a system that marks nothing."""
    words = message.text[:1000]
    folded = words.casefold()
    if not any(sign in folded for sign in RECEIVED_SIGNS):
        return ""
    told = RECEIVED_WORDS.search(words) and (
        TICKET.search(f"{message.subject[:300]}\n{words}") or PROMISED_WORDS.search(words)
    )
    return "It is another desk's acknowledgement." if told and not re.search("[?？]", words) else ""


def receipt(message: "Message", envelope: Envelope | None = None) -> str:
    """Why this is a receipt in free form; "" when it is none."""
    told = READ_SUBJECT.match(message.subject[:300]) and READ_WORDS.search(message.text[:1000])
    return "It is a receipt." if told else ""


def _invitation(message: "Message", envelope: Envelope | None) -> str:
    """RFC 5546 section 3.2.3: who accepts or declines says it with one click; there is nothing to acknowledge."""
    is_reply = any(
        part.kind == "text/calendar" and part.type.get("method").lower() == "reply" for part in message.root.walk()
    )
    return "It is the answer to an invitation (RFC 5546)." if is_reply else ""


def _challenge(message: "Message", envelope: Envelope | None) -> str:
    texts = (message.subject[:300].lower(), message.text[:1500].lower())
    has = any(any(sign in text for sign in CHALLENGE_SIGNS) and CHALLENGE.search(text) for text in texts)
    return "A challenge robot asks whether we are human." if has else ""


_RULES: tuple[Callable[["Message", Envelope | None], str], ...] = (
    _null_path,
    _auto_submitted,
    _report,
    _list,
    _precedence,
    _suppressed,
    _robot_field,
    _machine_author,
    absence,
    _bounce,
    _challenge,
    _received,
    receipt,
    _invitation,
)
