"""Bounces that a sending service tells as JSON instead of RFC 3464: Amazon SES, by mail from its notification service.

The object is {"notificationType": "Bounce", "bounce": {"bounceType": ..., "bouncedRecipients": [...]}}, or stands as a
string in the field "Message" of another one; below a line "--" there are words for people. Complaints and deliveries
come in the same form and are no bounces.
"""

import json
import re
from collections.abc import Iterator

from gateway.mail.failures import FailedRecipient, is_hard, status_of

TEXT_LIMIT = 200_000
"""Characters of such a mail that are read."""
RECIPIENTS_LIMIT = 100

_MARK = re.compile(r"(?:notification|event)Type[\\\"\s:]{3,20}Bounce\b")
_WRAPPED = re.compile(r"!?\r?\n ?")
"""Where a mailer broke a line that was too long for it."""
_STATUS = {"Permanent": "5.1.1", "Transient": "4.0.0"}
"""The service's own verdict, for a recipient of whom no host said anything."""


def failed_by_notification(text: str) -> Iterator[FailedRecipient]:
    """The recipients that the text of a mail reports as failed; nothing when it is no such notification."""
    text = text[:TEXT_LIMIT].strip()
    if not text.startswith("{") or not _MARK.search(text):
        return
    told = _object(_WRAPPED.sub("", text.partition("\n--")[0]))
    if isinstance(within := told.get("Message"), str):
        told = _object(within)
    bounce = told.get("bounce")
    if not isinstance(bounce, dict) or not isinstance(bounce.get("bouncedRecipients"), list):
        return
    for recipient in bounce["bouncedRecipients"][:RECIPIENTS_LIMIT]:
        if isinstance(recipient, dict) and isinstance(recipient.get("emailAddress"), str):
            yield _failed(recipient, str(bounce.get("bounceType")))


def _object(text: str) -> dict[str, object]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _failed(recipient: dict[str, object], kind: str) -> FailedRecipient:
    diagnostic = str(recipient.get("diagnosticCode") or "")[:1000]
    status = str(recipient.get("status") or "")[:20]
    status = status_of(status if status or diagnostic else _STATUS.get(kind, "5.0.0"), diagnostic)
    address = str(recipient["emailAddress"]).strip("<> ")[:320]
    return FailedRecipient(address, status, is_hard(status, diagnostic), " ".join(diagnostic.split())[:500])
