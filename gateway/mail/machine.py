"""What kind of machine's mail is it? `automatic` tells whether a machine wrote it; this, what it means for a desk.

A reply (out of office, receipt, delivery status) says nothing new and belongs to nothing by itself. A report (abuse,
DMARC, TLS) is for the postmaster. Bulk (list posts, newsletters) was sent to many. Whatever else a program sends,
a web form's mail above all, may well be somebody's request: it only must not be answered by a machine.
"""

import re
from typing import Literal

from gateway.mail.absence import CHALLENGE
from gateway.mail.automatic import absence, automatic, receipt
from gateway.mail.envelope import NULL_PATH, Envelope
from gateway.mail.marks import COMPLAINT
from gateway.mail.message import Message

Kind = Literal["", "reply", "report", "bulk", "program"]

_NOTIFICATIONS = frozenset(("delivery-status", "disposition-notification"))
_REPORTS = frozenset(("feedback-report", "tlsrpt"))
_REPORT_PARTS = frozenset(("message/feedback-report", "application/tlsrpt+gzip", "application/tlsrpt+json"))
_DMARC_SUBJECT = re.compile(r"report domain:.{1,300}submitter:", re.IGNORECASE)
_ROBOTS = ("x-autoreply", "x-auto-reply", "x-autorespon", "x-mail-autoreply", "x-vacation", "x-away", "x-ooo",
           "x-out-of-office")
_LISTS = frozenset(("list-id", "list-post", "list-unsubscribe", "mailing-list", "x-mailing-list"))


def kind(message: Message, envelope: Envelope) -> Kind:
    """"" for a person's mail; else the most telling kind."""
    if not automatic(message, envelope):
        return ""
    if _is_report(message):
        return "report"
    if _is_reply(message, envelope):
        return "reply"
    return "bulk" if _is_bulk(message) else "program"


def _is_report(message: Message) -> bool:
    """Abuse (RFC 5965), TLS (RFC 8460) or DMARC (RFC 9990)."""
    subject = message.subject[:1000].strip()
    if _report_type(message) in _REPORTS or _DMARC_SUBJECT.search(subject) or COMPLAINT.match(subject):
        return True
    return any(part.kind in _REPORT_PARTS for part in message.root.walk())


def _is_reply(message: Message, envelope: Envelope) -> bool:
    """An answer that nobody wrote. Exchange calls its absence notes auto-generated, so words count beside fields."""
    return (envelope.reverse_path == NULL_PATH
            or _word(message, "auto-submitted").startswith("auto-replied")
            or _report_type(message) in _NOTIFICATIONS
            or _word(message, "precedence") in ("auto_reply", "auto-reply", "autoreply")
            or any(name.lower().startswith(_ROBOTS) and value.strip().lower() not in ("", "no", "false", "0")
                   for name, value in message.fields)
            or message.is_bounce
            or bool(absence(message) or receipt(message) or CHALLENGE.search(message.subject[:300])))


def _is_bulk(message: Message) -> bool:
    named = {name.lower() for name, _ in message.fields}
    return bool(named & _LISTS) or _word(message, "precedence") in ("bulk", "list", "junk")


def _report_type(message: Message) -> str:
    return message.root.type.get("report-type").lower()


def _word(message: Message, field: str) -> str:
    """A field's word without comments and parameters."""
    value = re.sub(r"\([^()]{0,300}\)", "", message.field(field)[:1000])
    return value.partition(";")[0].strip(" \t\"'").lower()
